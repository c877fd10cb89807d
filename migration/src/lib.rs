//! The migrations of the examples' databases.
