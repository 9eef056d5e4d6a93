package dialplan

// System is the configuration of an extension that lets people reach a system extension from outside: they say who they
// are by extension and PIN (EXT-SYS-01).
type System struct {
	Function SystemFunction // one of SystemFunctions
	Language string         // before the caller is known; empty: the account's
}

// Kind implements ExtensionConfig.
func (*System) Kind() Kind { return KindSystem }

// SystemFunctions are those that can be reached from outside.
func SystemFunctions() []SystemFunction {
	return []SystemFunction{SysNumberingPlan, SysVoicemailManage, SysRecordAudio}
}
