//! Whom a call goes to, as far as its caller says.

/// What kind of thing is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub enum PeerSort {
    /// A service, by the name that its caller gives it.
    Service,
    /// A host, perhaps with a port.
    #[default]
    Host,
    /// A database: its system, and its name or host.
    Database,
    /// What messages are sent to.
    Destination,
    /// An RPC service.
    Rpc,
}

/// Whom a CLIENT or PRODUCER span calls. Strings are numbers plus one; zero is "not known".
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Peer {
    /// The place of the span: among the records of its batch, or among those that have arrived.
    pub span: u32,
    /// What kind of thing it is.
    pub sort: PeerSort,
    /// `db.system.name`, `messaging.system`.
    pub system: u32,
    /// Its name.
    pub name: u32,
    /// Its port, where that says something; else zero.
    pub port: u16,
}
