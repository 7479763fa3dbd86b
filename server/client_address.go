package server

import (
	"net/http"
	"net/netip"
)

// ClientAddress returns the address that a request came from, as a [Limits.ClientKey]: the
// RemoteAddr without its port and, of an IPv6 address, the first 64 bits, which one client
// has to itself. It returns an empty string if RemoteAddr is no address.
func ClientAddress(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := peer.Addr().Unmap()
	if address.Is4() {
		return address.String()
	}
	network, err := address.WithZone("").Prefix(64)
	if err != nil {
		return ""
	}
	return network.String()
}
