//! Free ports on the loopback interface.

use std::{
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU16, Ordering},
};

use crate::{Part, StackError};

/// Below the range from which Linux takes the ports of outgoing connections:
/// a port found free here is not lent out before the part listens on it.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port that nobody listens on. Within a process no port is given twice;
/// processes begin at different places, so that two test binaries seldom meet.
///
/// # Errors
///
/// [`StackError::NoFreePort`] when all of them are taken.
pub fn free() -> Result<u16, StackError> {
    let start = process::id().wrapping_mul(61) % u32::from(COUNT);
    (0..COUNT)
        .find_map(|_| {
            let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
            let offset = u16::try_from((start + step) % u32::from(COUNT)).ok()?;
            let port = FIRST + offset;
            listens_nobody(port).ok().map(|()| port)
        })
        .ok_or(StackError::NoFreePort { first: FIRST, last: FIRST + COUNT })
}

/// Fails, naming the port, when somebody else has it.
pub(crate) fn check(part: Part, ports: &[u16]) -> Result<(), StackError> {
    for &port in ports {
        listens_nobody(port).map_err(|source| StackError::PortTaken { part, port, source })?;
    }
    Ok(())
}

fn listens_nobody(port: u16) -> std::io::Result<()> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop)
}

pub(crate) fn address(port: u16) -> String {
    format!("127.0.0.1:{port}")
}
