package dialplan

// Forward is the configuration of a forward extension: calls go on to a number outside
// (EXT-FWD-01).
type Forward struct {
	Number string // as it would be dialled, or E.164
	// CallerID of the leg to Number: of the caller, dialled, or a company number.
	CallerID ForwardCallerID
}

// Kind implements ExtensionConfig.
func (*Forward) Kind() Kind { return KindForward }

// AutoAnswer is the configuration of an extension that plays its audio and hangs up
// (EXT-AA-01).
type AutoAnswer struct {
	Announcement string // media key
	Language     string // empty: the account's
}

// Kind implements ExtensionConfig.
func (*AutoAnswer) Kind() Kind { return KindAutoAnswer }

// CallLimit is the configuration of an extension that lets so many calls through at a
// time (EXT-LIM-01).
type CallLimit struct {
	Calls  int         // at most so many at once
	Within Destination // of calls that are let through
	Above  Destination // of the others; none: busy tone
	// CallerID that the call shows where it goes (EXT-LIM-02).
	CallerID ForwardCallerID
}

// Kind implements ExtensionConfig.
func (*CallLimit) Kind() Kind { return KindLimit }
