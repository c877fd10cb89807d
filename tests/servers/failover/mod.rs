//! Another server becomes the primary, or several servers claim to be the primary.

mod closed;
mod promoted;
mod split;
mod unlogged;
