package asterisk

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/CyCoreSystems/ari/v5"
)

// event is any message of the event websocket in one struct, so that a message is decoded
// once and an unknown type is no error. The library's types are used where they take
// what Asterisk sends; those that decode times and durations fail the whole message for
// one unexpected value, so these are plain here.
type event struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`

	Channel   *channelData      `json:"channel"`
	Peer      *channelData      `json:"peer"`
	Replace   *channelData      `json:"replace_channel"`
	Bridge    *ari.BridgeData   `json:"bridge"`
	Playback  *ari.PlaybackData `json:"playback"`
	Recording *recordingData    `json:"recording"`

	Args       []string `json:"args"`
	Digit      string   `json:"digit"`
	Cause      int      `json:"cause"`
	TechCause  int      `json:"tech_cause"`
	DialStatus string   `json:"dialstatus"`
	Forward    string   `json:"forward"`

	// User is of ChannelUserevent: what extensions.conf tells.
	User *struct {
		To string `json:"to"` // the user part of a redirection, encoded
	} `json:"userevent"`

	ReferTo    *referTo    `json:"refer_to"`
	ReferredBy *referredBy `json:"referred_by"`
}

type channelData struct {
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	State        string          `json:"state"`
	ProtocolID   string          `json:"protocol_id"`
	Caller       ari.CallerID    `json:"caller"`
	Connected    ari.CallerID    `json:"connected"`
	Dialplan     ari.DialplanCEP `json:"dialplan"`
	Creationtime string          `json:"creationtime"`
}

type recordingData struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Cause string `json:"cause"`
}

// referTo and referredBy are of ChannelTransfer (Asterisk 22.3), which the library does not know.
type referTo struct {
	Requested struct {
		ProtocolID  string `json:"protocol_id"`
		Destination string `json:"destination"`
	} `json:"requested_destination"`
	Destination *channelData `json:"destination_channel"`
	Connected   *channelData `json:"connected_channel"`
}

type referredBy struct {
	Source    *channelData `json:"source_channel"`
	Connected *channelData `json:"connected_channel"`
}

// at is Asterisk's time of the event, else ours.
func (ev *event) at() time.Time {
	return parseTime(ev.Timestamp)
}

func parseTime(s string) time.Time {
	if t, err := time.Parse(ari.DateFormat, s); err == nil {
		return t
	}
	return time.Now()
}

// decodeEvent reads one message. A field of an unexpected shape is left empty: it must
// not cost the end of a leg.
func decodeEvent(data []byte) (*event, error) {
	ev := &event{}
	if err := json.Unmarshal(data, ev); err != nil {
		var shape *json.UnmarshalTypeError
		if !errors.As(err, &shape) {
			return nil, fmt.Errorf("event: %w", err)
		}
	}
	if ev.Type == "" {
		return nil, errors.New("event: no type")
	}
	return ev, nil
}
