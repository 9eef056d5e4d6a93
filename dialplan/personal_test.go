package dialplan

import "testing"

func TestAssistantOf(t *testing.T) {
	for _, tc := range []struct {
		account  bool
		inactive bool
		product  Product
		set      AssistantUse
		want     AssistantUse
	}{
		{account: true, want: AssistantOn},
		{account: true, set: AssistantOn, want: AssistantOn},
		{account: true, set: AssistantAutomatic, want: AssistantAutomatic},
		{account: true, set: AssistantOff, want: AssistantOff},
		{account: true, product: ProductAdvanced, set: AssistantAutomatic, want: AssistantAutomatic},
		{account: true, product: ProductStarter, want: AssistantOff},
		{account: true, product: ProductStarter, set: AssistantAutomatic, want: AssistantOff},
		{account: true, inactive: true, want: AssistantOff},
		{want: AssistantOff},
		{set: AssistantAutomatic, want: AssistantOff},
	} {
		a := &Account{Recording: Recording{Assistant: tc.account}, Extensions: map[string]*Extension{
			"101": {Number: "101", Inactive: tc.inactive, Config: &User{Product: tc.product, Assistant: tc.set}}, "200": {Number: "200", Config: &Group{}}}}
		got, why := a.AssistantOf("101")
		if got != tc.want || why == "" {
			t.Errorf("%+v: %s (%s)", tc, got, why)
		}
		for _, nobody := range []string{"", "200", "999"} {
			if got, _ := a.AssistantOf(nobody); got != AssistantOff {
				t.Errorf("the assistant serves %q", nobody)
			}
		}
	}
}
