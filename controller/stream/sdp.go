package stream

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// Static payload types of G.711 (RFC 3551).
const (
	muLaw = 0
	aLaw  = 8
)

// offer is what matters of an engine's SDP.
type offer struct {
	remote netip.AddrPort
	codec  uint8 // muLaw or aLaw, whichever it prefers
	digits int   // payload type of telephone-event; -1: none
	takes  bool  // it wants to hear us
	gives  bool  // we are to hear it
}

var errNoAudio = errors.New("no G.711 over plain RTP is offered")

func parseOffer(body []byte) (offer, error) {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return offer{}, fmt.Errorf("read SDP: %w", err)
	}
	// Others after the first are not answered: engines offer audio only.
	if len(d.MediaDescriptions) == 0 {
		return offer{}, errNoAudio
	}
	m := d.MediaDescriptions[0]
	at := m.ConnectionInformation
	if at == nil {
		at = d.ConnectionInformation
	}
	if m.MediaName.Media != "audio" || strings.Join(m.MediaName.Protos, "/") != "RTP/AVP" || at == nil || at.Address == nil {
		return offer{}, errNoAudio
	}
	addr, err := netip.ParseAddr(at.Address.Address)
	if err != nil || m.MediaName.Port.Value <= 0 || m.MediaName.Port.Value > 65535 {
		return offer{}, fmt.Errorf("read SDP: the audio is at %s:%d", at.Address.Address, m.MediaName.Port.Value)
	}
	o := offer{remote: netip.AddrPortFrom(addr.Unmap(), uint16(m.MediaName.Port.Value)), digits: -1, takes: true, gives: true}
	i := slices.IndexFunc(m.MediaName.Formats, func(f string) bool { return f == "0" || f == "8" })
	if i < 0 {
		return offer{}, errNoAudio
	}
	if m.MediaName.Formats[i] == "8" {
		o.codec = aLaw
	}
	for _, a := range slices.Concat(d.Attributes, m.Attributes) {
		switch a.Key {
		case "sendonly":
			o.takes, o.gives = false, true
		case "recvonly":
			o.takes, o.gives = true, false
		case "inactive":
			o.takes, o.gives = false, false
		case "sendrecv":
			o.takes, o.gives = true, true
		case "rtpmap":
			if pt, name, _ := strings.Cut(a.Value, " "); strings.EqualFold(name, "telephone-event/8000") {
				if n, err := strconv.Atoi(pt); err == nil && n >= 96 && n <= 127 {
					o.digits = n
				}
			}
		}
	}
	return o, nil
}

// answer is the SDP for an offer; the audio is at local.
func (o offer) answer(local netip.AddrPort, session, version uint64) []byte {
	kind := "IP4"
	if local.Addr().Is6() {
		kind = "IP6"
	}
	formats := []string{strconv.Itoa(int(o.codec))}
	attributes := []sdp.Attribute{sdp.NewAttribute("rtpmap", formats[0]+" "+map[uint8]string{muLaw: "PCMU", aLaw: "PCMA"}[o.codec]+"/8000")}
	if o.digits >= 0 {
		pt := strconv.Itoa(o.digits)
		formats = append(formats, pt)
		attributes = append(attributes, sdp.NewAttribute("rtpmap", pt+" telephone-event/8000"), sdp.NewAttribute("fmtp", pt+" 0-15"))
	}
	direction := "sendrecv"
	switch {
	case !o.takes && !o.gives:
		direction = "inactive"
	case !o.takes:
		direction = "recvonly"
	case !o.gives:
		direction = "sendonly"
	}
	attributes = append(attributes, sdp.NewAttribute("ptime", "20"), sdp.NewPropertyAttribute(direction))
	where := &sdp.ConnectionInformation{NetworkType: "IN", AddressType: kind, Address: &sdp.Address{Address: local.Addr().String()}}
	d := sdp.SessionDescription{
		Origin:                sdp.Origin{Username: "-", SessionID: session, SessionVersion: version, NetworkType: "IN", AddressType: kind, UnicastAddress: local.Addr().String()},
		SessionName:           "-",
		ConnectionInformation: where,
		TimeDescriptions:      []sdp.TimeDescription{{}},
		MediaDescriptions: []*sdp.MediaDescription{{
			MediaName:  sdp.MediaName{Media: "audio", Port: sdp.RangedPort{Value: int(local.Port())}, Protos: []string{"RTP", "AVP"}, Formats: formats},
			Attributes: attributes,
		}},
	}
	out, err := d.Marshal()
	if err != nil {
		return nil // nothing in it can't be written
	}
	return out
}
