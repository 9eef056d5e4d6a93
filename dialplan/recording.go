package dialplan

// Recording is what an account has recorded (FAC-REC-01).
type Recording struct {
	// Enabled is the facility: without it nothing is recorded.
	Enabled bool
	// Outbound lets calls be recorded that users make, besides those that they get.
	Outbound bool
	// Indirect lets many recordings be put into one file in the background.
	Indirect bool
	// Mixed records both parties in one channel instead of each in its own.
	Mixed bool
	// Assistant lets conversations be transcribed and summarised (FEA-AST-01).
	Assistant bool
}

// RecordReason is why something is recorded.
type RecordReason string

// Reasons to record.
const (
	RecordSystematic RecordReason = "systematic" // every call of the user
	RecordOnDemand   RecordReason = "on-demand"  // somebody with rights asked for it (SYS-908)
	RecordAssistant  RecordReason = "assistant"  // for the assistant (*4)
	RecordMemo       RecordReason = "memo"       // for the assistant, spoken without another party (SYS-940)
)

// Analysed tells reasons whose recordings the assistant gets.
func (r RecordReason) Analysed() bool { return r == RecordAssistant || r == RecordMemo }

// Systematic decides whether a conversation of user is recorded without being asked for; outbound: the user called.
func (a *Account) Systematic(user string, outbound bool) (record bool, reason string) {
	u := a.User(user)
	switch {
	case u == nil:
		return false, "nobody of the company"
	case outbound && !u.Permissions.RecordOutbound, !outbound && !u.Permissions.RecordInbound:
		return false, user + " is not recorded"
	case !a.Recording.Enabled:
		return false, "the account has no call recording"
	case outbound && !a.Recording.Outbound:
		return false, "the account does not record outbound calls"
	case outbound:
		return true, "outbound calls of " + user + " are recorded"
	}
	return true, "inbound calls of " + user + " are recorded"
}

// MayRecord decides whether user may have a conversation of the user over recorded (SYS-908). Whoever may listen to
// it may: privacy groups have no right of their own for recording.
func (a *Account) MayRecord(user, over string) (ok bool, reason string) {
	switch {
	case !a.Recording.Enabled:
		return false, "the account has no call recording"
	case a.User(over) == nil:
		return false, over + " is no user"
	case !a.RightsOver(user, over).Listen:
		return false, user + " has no right to record calls of " + over
	}
	return true, user + " may record calls of " + over
}
