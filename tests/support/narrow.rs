//! A connection with next to no room in it, for clients that read slowly.

use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd};

/// A connection that takes little at a time: small segments, and a small buffer on this side.
#[allow(unsafe_code, reason = "the standard library has no way to set these before it connects")]
pub fn narrow_connection(address: &str) -> TcpStream {
    let address: SocketAddrV4 = address.parse().expect("an address of IPv4");
    // SAFETY: `socket` takes integers and gives a new descriptor, which nobody else owns.
    let stream = unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        assert!(socket >= 0, "a socket");
        TcpStream::from_raw_fd(socket)
    };
    for (level, option, value) in
        [(libc::SOL_SOCKET, libc::SO_RCVBUF, 2_048), (libc::IPPROTO_TCP, libc::TCP_MAXSEG, 536)]
    {
        let value: libc::c_int = value;
        // SAFETY: the option is an integer, which outlives the call and has the size that is given.
        let set = unsafe {
            libc::setsockopt(
                stream.as_raw_fd(),
                level,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            )
        };
        assert_eq!(set, 0, "the option {option}");
    }
    let to = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*address.ip()).to_be() },
        sin_zero: [0; 8],
    };
    // SAFETY: the address is one of IPv4, outlives the call and has the size that is given.
    let connected = unsafe {
        libc::connect(
            stream.as_raw_fd(),
            (&raw const to).cast(),
            size_of::<libc::sockaddr_in>() as libc::socklen_t,
        )
    };
    assert_eq!(connected, 0, "the node listens");
    stream
}
