use sea_orm_routing_macros::DeriveBinding;

#[derive(DeriveBinding)]
#[binding(database = "warehouse")]
#[binding(database = "archive")]
struct Model;

fn main() {}
