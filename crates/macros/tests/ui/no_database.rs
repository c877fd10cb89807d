use sea_orm_routing_macros::DeriveBinding;

#[derive(DeriveBinding)]
struct Model;

fn main() {}
