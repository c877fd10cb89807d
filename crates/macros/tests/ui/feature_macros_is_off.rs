//! The derive is a feature of `sea-orm-routing`, which is off here.

use sea_orm_routing::DeriveBinding;

fn main() {}
