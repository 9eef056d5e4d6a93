package phone

import (
	"math"
	"testing"
)

func TestG711RoundTrip(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA} {
		for v := math.MinInt16; v <= math.MaxInt16; v++ {
			b := c.encode(nil, []int16{int16(v)})
			got := int(c.decode(nil, b)[0])
			// The widest step is 1024 wide, the narrowest 8 or 16: never more than 1/16 off, plus half of the least step.
			if diff, limit := math.Abs(float64(got-v)), math.Abs(float64(v))/16+16; diff > limit && v > -32636 && v < 32636 {
				t.Fatalf("%s: %d came back as %d", c.Name, v, got)
			}
			if again := c.encode(nil, []int16{int16(got)}); again[0] != b[0] && got != 0 {
				t.Fatalf("%s: code %#x of %d decodes to %d, which encodes as %#x", c.Name, b[0], v, got, again[0])
			}
		}
	}
}

// Values from the tables of ITU-T G.711 as laid out on the wire.
func TestG711KnownCodes(t *testing.T) {
	for _, x := range []struct {
		c    Codec
		pcm  int16
		code byte
	}{
		{PCMU, 0, 0xFF}, {PCMU, 32635, 0x80}, {PCMU, -32635, 0x00}, {PCMU, 1000, 0xCE},
		{PCMA, 0, 0xD5}, {PCMA, -1, 0x55}, {PCMA, 32767, 0xAA}, {PCMA, -32768, 0x2A}, {PCMA, 1000, 0xFA},
	} {
		if got := x.c.encode(nil, []int16{x.pcm})[0]; got != x.code {
			t.Errorf("%s of %d is %#x, want %#x", x.c.Name, x.pcm, got, x.code)
		}
	}
}
