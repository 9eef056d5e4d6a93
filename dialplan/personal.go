package dialplan

// AssistantUse is when the personal assistant serves a user (FEA-AST-01).
type AssistantUse string

// Uses of the assistant.
const (
	AssistantOn        AssistantUse = ""          // when the user asks for it
	AssistantAutomatic AssistantUse = "automatic" // in every conversation, from its beginning
	AssistantOff       AssistantUse = "off"
)

// AssistantOf decides when the assistant serves user. What a user has set is one thing that decides; an availability profile
// that begins it would be another, here.
func (a *Account) AssistantOf(user string) (use AssistantUse, reason string) {
	u := a.User(user)
	switch {
	case u == nil:
		return AssistantOff, "nobody of the company"
	case !a.Recording.Assistant:
		return AssistantOff, "the account has no assistant"
	case u.Product == ProductStarter:
		return AssistantOff, user + " is a Starter user, who has no assistant"
	case u.Assistant == AssistantOff:
		return AssistantOff, "the assistant is turned off for " + user
	case u.Assistant == AssistantAutomatic:
		return AssistantAutomatic, "the assistant serves " + user + " in every conversation"
	}
	return AssistantOn, "the assistant serves " + user
}
