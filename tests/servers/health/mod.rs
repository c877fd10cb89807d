//! Replicas and primaries that die, hang, lag and recover, and how the monitor reports them.

mod closing;
mod ends;
mod fallback;
mod foreign;
mod full;
mod killed;
mod lag;
mod network;
mod reasons;
mod stalled;
mod starts;
mod tenants;
