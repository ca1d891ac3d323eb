//! TCP over IPv4: two sockets that talk through a loop of packets.
#![no_main]

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Loopback, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use support::{Checksum, Random};

/// Transfers `n` KiB.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x7c9);
    let mut checksum = Checksum::new();
    let mut device = Loopback::new(Medium::Ip);
    let mut now = Instant::from_millis(0);
    let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut device, now);
    interface.update_ip_addrs(|addresses| {
        addresses
            .push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8))
            .expect("a free place");
    });
    let socket = || {
        Socket::new(
            SocketBuffer::new(vec![0; 8192]),
            SocketBuffer::new(vec![0; 8192]),
        )
    };
    let mut sockets = SocketSet::new(Vec::new());
    let server = sockets.add(socket());
    let client = sockets.add(socket());
    sockets
        .get_mut::<Socket>(server)
        .listen(1234)
        .expect("a closed socket");
    sockets
        .get_mut::<Socket>(client)
        .connect(
            interface.context(),
            (IpAddress::v4(127, 0, 0, 1), 1234),
            65_000,
        )
        .expect("a closed socket");
    let data = random.bytes(n.max(1) as usize * 1024);
    let (mut sent, mut received) = (0, Vec::new());
    while received.len() < data.len() {
        interface.poll(now, &mut device, &mut sockets);
        let socket = sockets.get_mut::<Socket>(client);
        if socket.can_send() {
            sent += socket.send_slice(&data[sent..]).expect("an open socket");
        }
        let socket = sockets.get_mut::<Socket>(server);
        while socket.can_recv() {
            let part = socket.recv(|bytes| (bytes.len(), bytes.to_vec()));
            received.extend(part.expect("an open socket"));
        }
        now += Duration::from_millis(1);
    }
    assert_eq!(received, data);
    checksum.bytes(&received);
    checksum.word(now.total_millis() as u64);
    checksum.finish()
}
