//! The receiver on real sockets and the session behind it, as the inspector wires them.

use crate::app::until;
use otoscope::diagnosis::Finding;
use otoscope::intake::{self, Arrivals};
use otoscope::receiver;
use otoscope::session::{Clock, Session};
use std::net::SocketAddr;
use std::time::SystemTime;
use tokio::runtime::Runtime;

pub(crate) struct Owner {
    pub(crate) session: Session,
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    arrivals: Arrivals,
    _runtime: Runtime,
}

impl Owner {
    pub(crate) fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let listeners = receiver::bind("127.0.0.1", 0, 0).unwrap();
        let (grpc, http) = (listeners.grpc_addr(), listeners.http_addr());
        let (intake, arrivals) = intake::channel(16);
        runtime.spawn(receiver::serve(listeners, intake, std::future::pending()));
        Self { session: Session::new(1 << 30, Clock::Wall), grpc, http, arrivals, _runtime: runtime }
    }

    pub(crate) fn endpoint(&self, protocol: &str) -> String {
        let addr = if protocol == "grpc" { self.grpc } else { self.http };
        format!("http://{addr}")
    }

    /// Takes in what arrives until `done` holds.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Session) -> bool) {
        until(what, || {
            while let Some(batch) = self.arrivals.try_recv() {
                self.session.take(batch);
            }
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
            self.session.advance(now.as_nanos() as u64);
            done(&self.session)
        });
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        self.session.diagnosis.findings()
    }
}

/// The requests that the first finding says a trace holds.
pub(crate) fn merged_requests(session: &Session) -> u64 {
    session.diagnosis.findings().first().and_then(|f| f.request_count).unwrap_or(0)
}
