//! Line: one line out, everything back until the server closes. WHOIS on port 43 is the one protocol that needs it.
//! In: a host, a port, a line. Out: capped bytes. The guard judges the address as for every hop; the port is the caller's, as no page names it.

use crate::model::capture::Outcome;
use crate::model::host::Host;
use crate::net::visit::dial;
use crate::net::{FetchError, Inner, Talked, reach};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

pub(crate) async fn talk(door: &Inner, host: &Host, port: u16, line: &str, cap: usize) -> Result<Talked, FetchError> {
    let whole_ms = door.settings.timeout_ms;
    let end = Instant::now() + Duration::from_millis(whole_ms);
    let late = || FetchError::TimedOut { after_ms: whole_ms };
    let addresses = timeout_at(end, reach::addresses(host, &door.dns, &door.guard)).await.map_err(|_| late())??;
    let connecting = async {
        match &door.proxy {
            Some(proxy) => dial::tunnel(proxy, SocketAddr::new(addresses[0], port)).await,
            None => dial::direct(&addresses, port).await.map(|(stream, _)| stream),
        }
    };
    let mut stream = timeout_at(end, connecting).await.map_err(|_| late())?.map_err(failed)?;
    let mut bytes = Vec::new();
    let reading = async {
        stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        let mut part = [0_u8; 4096];
        while bytes.len() < cap {
            match stream.read(&mut part).await? {
                0 => return Ok(false),
                n => bytes.extend_from_slice(&part[..n.min(cap - bytes.len())]),
            }
        }
        // At the cap: one more byte tells whether anything was cut.
        Ok::<bool, std::io::Error>(stream.read(&mut part[..1]).await? > 0)
    };
    let cut = match timeout_at(end, reading).await {
        Err(_) => Some(late()),
        Ok(Ok(false)) => None,
        Ok(Ok(true)) => Some(FetchError::TooLarge { limit_bytes: cap as u64 }),
        Ok(Err(e)) => Some(FetchError::Failed { why: format!("{host}:{port}: {}", dial::in_words(&e)) }),
    };
    Ok(Talked { bytes, cut })
}

fn failed(outcome: Outcome) -> FetchError {
    match outcome {
        Outcome::RefusedByGuard { address, why } => FetchError::Refused { address, why },
        other => FetchError::Failed { why: other.why() },
    }
}
