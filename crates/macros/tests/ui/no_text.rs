use sea_orm_routing_macros::DeriveBinding;

#[derive(DeriveBinding)]
#[binding(database = 7)]
struct Model;

fn main() {}
