//! What goes into files is in them, and what is in them comes out: all of it, once.

mod damage;
mod follow;
mod prodigy;
#[path = "../support/mod.rs"]
mod support;
mod writing;
