//! Commits that wait for a replica.

use std::time::Duration;

use super::MariaDb;
use crate::error::Result;
use crate::poll::until;

const LIMIT: Duration = Duration::from_secs(30);

/// The settings of a primary. It waits before others can see the commit, and for a day, so that no
/// test sees the wait time out.
pub(super) const OPTIONS: [&str; 3] = [
    "--rpl-semi-sync-master-enabled=ON",
    "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
    "--rpl-semi-sync-master-timeout=86400000",
];

const SET_ON: &str = "SET GLOBAL rpl_semi_sync_master_wait_point = AFTER_SYNC;
    SET GLOBAL rpl_semi_sync_master_timeout = 86400000;
    SET GLOBAL rpl_semi_sync_master_enabled = ON";
const SET_OFF: &str = "SET GLOBAL rpl_semi_sync_master_enabled = OFF";
const IS_ON: &str =
    "SELECT SUM(VARIABLE_NAME = 'RPL_SEMI_SYNC_MASTER_STATUS' AND VARIABLE_VALUE = 'ON')
        AND SUM(VARIABLE_NAME = 'RPL_SEMI_SYNC_MASTER_CLIENTS' AND VARIABLE_VALUE > 0)
    FROM information_schema.GLOBAL_STATUS";
const IS_OFF: &str = "SELECT COUNT(*) FROM information_schema.GLOBAL_STATUS
    WHERE VARIABLE_NAME = 'RPL_SEMI_SYNC_MASTER_STATUS' AND VARIABLE_VALUE = 'OFF'";

impl MariaDb {
    pub(super) fn make_semi_synchronous(&self, primary: u16, on: bool) -> Result<()> {
        let (change, is_so) = if on {
            (SET_ON, IS_ON)
        } else {
            (SET_OFF, IS_OFF)
        };
        self.execute(primary, change)?;
        until("commits wait for a replica, or not", LIMIT, || {
            self.counts_one(primary, is_so)
        })
    }
}
