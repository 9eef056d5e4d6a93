// Package conformance defines what the engine port means: one table of cases that holds on every media server. The
// in-memory engine runs each case in a synctest bubble with a world of its own; FreeSWITCH and Asterisk run as real
// processes with real SIP phones around them, and who hears whom is told by the frequency that each phone hums.
//
//	go test ./integration/conformance -run TestConformance/freeswitch/blind-transfer
//
// An engine that is not installed is skipped as a whole. A case that one engine can't do fails.
package conformance
