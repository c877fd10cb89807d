use sea_orm_routing_macros::DeriveBinding;

#[derive(DeriveBinding)]
#[binding(db = "warehouse")]
struct Model;

fn main() {}
