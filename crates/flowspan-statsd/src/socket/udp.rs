//! A UDP socket that follows a name.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::UdpSocket,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{SendError, lookup::Names};

/// How long addresses are taken for true.
const LOOKUP_INTERVAL: Duration = Duration::from_secs(60);
/// How long after a failure a name is looked up, at the earliest.
const LOOKUP_PAUSE: Duration = Duration::from_secs(1);

/// Sends to the first address of a name that does not refuse.
#[derive(Debug)]
pub(crate) struct Udp {
    names: Names,
    /// In the order in which they are tried.
    addresses: Vec<SocketAddr>,
    /// Connected to the first address, so that the system tells of refusals.
    socket: Option<UdpSocket>,
    /// When the name is looked up next.
    due: Instant,
    /// Why there are no addresses.
    unknown: Option<SendError>,
    /// A look-up that nobody waits for.
    underway: Option<JoinHandle<Result<Vec<SocketAddr>, SendError>>>,
}

impl Udp {
    pub(crate) fn new(names: Names) -> Self {
        Udp { names, addresses: Vec::new(), socket: None, due: Instant::now(), unknown: None, underway: None }
    }

    pub(crate) async fn send(&mut self, datagram: &[u8], deadline: Instant) -> Result<(), SendError> {
        if self.addresses.is_empty() {
            self.find().await?;
        } else if self.names.can_change() {
            self.follow().await;
        }
        let mut result = Ok(());
        for _ in 0..self.addresses.len() {
            result = self.try_send(datagram, deadline).await;
            match result {
                Ok(()) => return Ok(()),
                Err(SendError::TimedOut) => break,
                Err(SendError::Failed(_)) => {
                    self.socket = None;
                    self.addresses.rotate_left(1);
                }
            }
        }
        self.due = self.due.min(Instant::now() + LOOKUP_PAUSE);
        result
    }

    /// Looks up the name and waits for the answer: there is nothing to send to.
    async fn find(&mut self) -> Result<(), SendError> {
        if let Some(error) = &self.unknown
            && Instant::now() < self.due
        {
            return Err(error.clone());
        }
        match self.names.look_up().await {
            Ok(addresses) => {
                self.unknown = None;
                self.due = Instant::now() + LOOKUP_INTERVAL;
                self.addresses = addresses;
                Ok(())
            }
            Err(error) => {
                self.due = Instant::now() + LOOKUP_PAUSE;
                self.unknown = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Looks up the name in the background when it is time, and moves to where it says.
    async fn follow(&mut self) {
        if let Some(underway) = self.underway.take_if(|underway| underway.is_finished()) {
            self.due = Instant::now() + LOOKUP_INTERVAL;
            // A look-up that fails is no reason to leave a server that may work.
            if let Ok(Ok(addresses)) = underway.await {
                self.adopt(addresses);
            }
        } else if self.underway.is_none() && Instant::now() >= self.due {
            self.underway = Some(tokio::spawn(self.names.look_up()));
        }
    }

    fn adopt(&mut self, mut addresses: Vec<SocketAddr>) {
        let current = self.addresses.first();
        match addresses.iter().position(|address| Some(address) == current) {
            Some(position) => addresses.rotate_left(position),
            None => self.socket = None,
        }
        self.addresses = addresses;
    }

    async fn try_send(&mut self, datagram: &[u8], deadline: Instant) -> Result<(), SendError> {
        let Some(address) = self.addresses.first() else { return Ok(()) };
        let failed = |error: io::Error| SendError::of(&format!("{} ({address})", self.names.name()), &error);
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => connected(*address).await.map_err(failed)?,
        };
        let result = match timeout_at(deadline, socket.send(datagram)).await {
            // On the same machine a refusal is there as soon as the datagram is sent.
            Ok(Ok(_)) => match socket.take_error() {
                Ok(None) => Ok(()),
                Ok(Some(error)) | Err(error) => Err(failed(error)),
            },
            Ok(Err(error)) => Err(failed(error)),
            Err(_elapsed) => Err(SendError::TimedOut),
        };
        self.socket = Some(socket);
        result
    }
}

async fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::{
        net::UdpSocket as Receiver,
        sync::{
            Arc, Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    fn receiver() -> (Receiver, SocketAddr) {
        let receiver = Receiver::bind("127.0.0.1:0").expect("a free port");
        receiver.set_read_timeout(Some(SOON)).expect("a timeout");
        let address = receiver.local_addr().expect("it is bound");
        (receiver, address)
    }

    fn received(receiver: &Receiver) -> String {
        let mut datagram = [0; 100];
        let length = receiver.recv(&mut datagram).expect("a datagram");
        String::from_utf8_lossy(&datagram[..length]).into_owned()
    }

    /// A name that can be made to mean something else, and how often it was looked up.
    fn name(addresses: Vec<SocketAddr>) -> (Udp, Arc<Mutex<Vec<SocketAddr>>>, Arc<AtomicUsize>) {
        let (addresses, looked_up) = (Arc::new(Mutex::new(addresses)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (addresses.clone(), looked_up.clone());
        let names = Names::told_by(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok(told.lock().expect("nobody panicked").clone())
        });
        (Udp::new(names), addresses, looked_up)
    }

    async fn send(udp: &mut Udp, text: &str) -> Result<(), SendError> {
        udp.send(text.as_bytes(), Instant::now() + SOON).await
    }

    #[tokio::test(start_paused = true)]
    async fn lines_follow_a_name_that_moves() {
        let ((old, old_address), (new, new_address)) = (receiver(), receiver());
        let (mut udp, addresses, looked_up) = name(vec![old_address]);
        send(&mut udp, "first").await.expect("sent");
        *addresses.lock().expect("nobody panicked") = vec![new_address];
        send(&mut udp, "within the minute").await.expect("sent");
        assert_eq!(looked_up.load(Ordering::SeqCst), 1);

        tokio::time::advance(LOOKUP_INTERVAL).await;
        send(&mut udp, "begins the look-up").await.expect("sent");
        tokio::task::yield_now().await;
        send(&mut udp, "moved").await.expect("sent");
        assert_eq!(received(&old), "first");
        assert_eq!(received(&old), "within the minute");
        assert_eq!(received(&old), "begins the look-up");
        assert_eq!(received(&new), "moved");
        assert_eq!(looked_up.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_a_reason_to_look_again() {
        let (gone, old_address) = receiver();
        let (mut udp, addresses, _) = name(vec![old_address]);
        send(&mut udp, "first").await.expect("sent");
        drop(gone);
        let (new, new_address) = receiver();
        *addresses.lock().expect("nobody panicked") = vec![new_address];
        let error = send(&mut udp, "lost").await.expect_err("nobody is there");
        assert!(error.to_string().contains("statsd.test:8125"), "{error}");

        tokio::time::advance(LOOKUP_PAUSE).await;
        let _ = send(&mut udp, "lost too").await;
        tokio::task::yield_now().await;
        send(&mut udp, "found").await.expect("sent");
        assert_eq!(received(&new), "found");
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_refuses_is_passed_over() {
        let (gone, nobody) = receiver();
        drop(gone);
        let (here, address) = receiver();
        let (mut udp, _, _) = name(vec![nobody, address]);
        send(&mut udp, "one").await.expect("the second address takes it");
        send(&mut udp, "two").await.expect("and is kept");
        assert_eq!((received(&here), received(&here)), ("one".to_owned(), "two".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_without_an_address_is_not_looked_up_for_each_datagram() {
        let (here, address) = receiver();
        let (mut udp, addresses, looked_up) = name(Vec::new());
        for _ in 0..10 {
            let error = send(&mut udp, "lost").await.expect_err("nowhere to go");
            assert_eq!(error.to_string(), "cannot look up statsd.test:8125: it has no address");
        }
        assert_eq!(looked_up.load(Ordering::SeqCst), 1);
        *addresses.lock().expect("nobody panicked") = vec![address];
        tokio::time::advance(LOOKUP_PAUSE).await;
        send(&mut udp, "there").await.expect("sent");
        assert_eq!(received(&here), "there");
    }

    #[tokio::test]
    async fn an_address_is_never_looked_up_again() {
        assert!(!Names::of_system("127.0.0.1", 8125).can_change());
        assert_eq!(Names::of_system("::1", 8125).name(), "[::1]:8125");
        assert!(Names::of_system("localhost", 8125).can_change());
    }
}
