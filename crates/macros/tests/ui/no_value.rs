use sea_orm_routing_macros::DeriveBinding;

#[derive(DeriveBinding)]
#[binding(database)]
struct Model;

fn main() {}
