//! Streams are a feature of `sea-orm-routing`, which is off here.

fn rows(stream: sea_orm_routing::RowStream<'_>) {
    drop(stream);
}

fn main() {}
