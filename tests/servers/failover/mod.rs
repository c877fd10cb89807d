//! Another server becomes the primary, or several say they are.

mod promoted;
mod split;
