package dialplan

// ListenState is what a supervisor does with an agent's conversation (FEA-LISTEN-01).
type ListenState string

// What a supervisor does.
const (
	Listening  ListenState = "listening"  // hears both
	Consulting ListenState = "consulting" // hears both, and the agent hears the supervisor
)

// ListenNext is the key that goes to the agent's next conversation.
const ListenNext = '3'

// ListenKeys are the keys of a supervisor.
func ListenKeys() map[byte]ListenState { return map[byte]ListenState{'1': Listening, '2': Consulting} }
