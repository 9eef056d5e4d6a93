package dialplan

import "slices"

// Assistants are the users that are rung in place of manager, in the order of the group (FAC-ASSIST-01); nil when
// the extension has no assistant group. The manager may be a member, and is not rung.
func (a *Account) Assistants(manager string) []string {
	u := a.User(manager)
	if u == nil || a.Privacy[u.AssistantGroup] == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.Privacy[u.AssistantGroup].Members), func(m string) bool { return m == manager })
}

// Assists tells whether user belongs to the assistant group of manager.
func (a *Account) Assists(user, manager string) bool {
	return user != "" && slices.Contains(a.Assistants(manager), user)
}

// RingAssistants decides whom a call to manager rings in place of the manager. ok is false when the manager is
// rung as usual: there is no assistant group, nobody but the manager is in it, or by, who calls or has transferred the call, is one of the assistants.
func (a *Account) RingAssistants(manager string, by []string, caller string, facts func(channel string) DeviceFacts) (ring []MemberDecision, ok bool) {
	members := a.Assistants(manager)
	if len(members) == 0 || slices.ContainsFunc(by, func(b string) bool { return slices.Contains(members, b) }) {
		return nil, false
	}
	return RingGroup(a, &Group{Members: members}, caller, facts), true
}
