package phone

import "math/bits"

// Codec is an audio codec of 8000 samples a second and 8 bits a sample (ITU-T G.711).
type Codec struct {
	Name string
	// PayloadType is the static one of RFC 3551.
	PayloadType uint8
}

// The codecs of this phone.
var (
	PCMU = Codec{Name: "PCMU", PayloadType: 0}
	PCMA = Codec{Name: "PCMA", PayloadType: 8}
)

func (c Codec) encode(dst []byte, pcm []int16) []byte {
	for _, v := range pcm {
		if c == PCMA {
			dst = append(dst, encodeALaw(v))
		} else {
			dst = append(dst, encodeMuLaw(v))
		}
	}
	return dst
}

func (c Codec) decode(dst []int16, payload []byte) []int16 {
	for _, b := range payload {
		if c == PCMA {
			dst = append(dst, decodeALaw(b))
		} else {
			dst = append(dst, decodeMuLaw(b))
		}
	}
	return dst
}

const muLawBias = 0x84

func encodeMuLaw(v int16) byte {
	x, sign := int(v), byte(0)
	if x < 0 {
		x, sign = -x, 0x80
	}
	x = min(x, 32635) + muLawBias
	exp := bits.Len(uint(x)) - 8 // the bias guarantees at least bit 7
	return ^(sign | byte(exp)<<4 | byte(x>>(exp+3))&0x0F)
}

func decodeMuLaw(b byte) int16 {
	b = ^b
	exp := int(b>>4) & 7
	x := (int(b&0x0F)<<3+muLawBias)<<exp - muLawBias
	if b&0x80 != 0 {
		x = -x
	}
	return int16(x)
}

func encodeALaw(v int16) byte {
	x, sign := int(v), byte(0x80)
	if x < 0 {
		x, sign = -x-1, 0
	}
	x >>= 4 // the finest step
	// The first two segments share that step; each further one doubles it.
	exp := max(0, bits.Len(uint(x))-4)
	return (sign | byte(exp)<<4 | byte(x>>max(0, exp-1))&0x0F) ^ 0x55
}

func decodeALaw(b byte) int16 {
	b ^= 0x55
	exp, m := int(b>>4)&7, int(b&0x0F)
	x := m<<4 + 8
	if exp > 0 {
		x = (x + 0x100) << (exp - 1)
	}
	if b&0x80 == 0 {
		x = -x
	}
	return int16(x)
}
