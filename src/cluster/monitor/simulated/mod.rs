//! The monitor under simulated time: scripted servers answer the probes, and the clock jumps from one
//! probe to the next. What is asserted on is the published topology.

mod health;
mod lag;
mod roles;
mod simulation;
