package flow

import (
	"context"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
)

// caller is somebody of the company at one of its phones.
type caller struct {
	user    *dialplan.User // nil: nobody is logged in there
	channel *dialplan.Channel
}

// system does what a system extension is for (SYS-900 to SYS-1233), one file each.
func (r *Router) system(ctx context.Context, c *call.Call, by caller, d dialplan.Classified) (Next, error) {
	switch d.System {
	case dialplan.SysNumberingPlan:
		return r.planMenu(ctx, c, by)
	case dialplan.SysRecordCall:
		return r.recordOther(ctx, c, d.Argument)
	case dialplan.SysAssistant:
		return r.memo(ctx, c)
	case dialplan.SysQueueLogin, dialplan.SysQueueLogout:
		return r.queueLogin(ctx, c, by, d.System == dialplan.SysQueueLogin)
	case dialplan.SysLoginStatus:
		return r.loginStatus(ctx, c, by)
	case dialplan.SysLogin:
		return r.login(ctx, c, by)
	case dialplan.SysLogout:
		return r.logout(ctx, c, by)
	case dialplan.SysChangePIN:
		return r.changePIN(ctx, c, by)
	case dialplan.SysForwarding:
		return r.forwarding(ctx, c, by)
	case dialplan.SysRecordAudio:
		return r.recordAudio(ctx, c, by)
	case dialplan.SysListenIn:
		return r.listenIn(ctx, c, by, d.Argument)
	case dialplan.SysSwitchDevice:
		return r.switchDevice(ctx, c)
	case dialplan.SysVoicemailManage:
		return r.manageVoicemail(ctx, c, by)
	case dialplan.SysPersonalVoicemail:
		return r.ownVoicemail(ctx, c, by)
	default:
		r.refuse(ctx, c, engine.CauseNotFound, "call.number_unknown", "system extension "+string(d.System)+" is not available")
		return end(), nil
	}
}
