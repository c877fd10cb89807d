//! Replicas and primaries that die, hang, lag and come back, and what their monitor makes of it.

mod ends;
mod foreign;
mod killed;
mod lag;
mod network;
mod spill_over;
mod stalled;
mod starts;
