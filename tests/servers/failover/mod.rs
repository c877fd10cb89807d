//! Another server becomes the primary, or several say they are.

mod closed;
mod promoted;
mod split;
mod unlogged;
