package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestIDsOfNames(t *testing.T) {
	rows := map[string]string{"EXT-IVR-02": "engine", "NP-IVR": "engine", "NP-01": "any", "SYS-STAR": "engine"}
	for name, want := range map[string][]string{
		"TestEXT_IVR_02_LongestOption/sim":           {"EXT-IVR-02"},
		"TestCalls/freeswitch/EXT-IVR-02_#00":        {"EXT-IVR-02"},
		"TestNP_IVR_Temporary":                       {"NP-IVR"},
		"TestTable/NP-01_and_NP-IVR":                 {"NP-01", "NP-IVR"},
		"TestEXT_IVR_99":                             nil,
		"TestOther/sub":                              nil,
		"TestX/SYS-STAR/asterisk":                    {"SYS-STAR"},
		"TestCalls/asterisk/EXT-IVR-02-ANYTHING":     {"EXT-IVR-02"},
		"TestCalls/sim/SYS-STAR_EXT-IVR-02_and_more": {"SYS-STAR", "EXT-IVR-02"},
	} {
		if got := idsOf(name, rows); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestRunAndTable(t *testing.T) {
	keep := filepath.Join(t.TempDir(), "out")
	in := strings.Join([]string{
		`{"Action":"pass","Package":"p","Test":"TestEXT_IVR_01/sim"}`,
		`{"Action":"output","Package":"p","Test":"TestEXT_IVR_01/asterisk","Output":"    x_test.go:12: it broke\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestEXT_IVR_01/asterisk"}`,
		`{"Action":"output","Package":"p","Test":"TestEXT_IVR_01/freeswitch","Output":"ENGINE ABSENT: freeswitch\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestEXT_IVR_01/freeswitch"}`,
		`{"Action":"output","Package":"p","Test":"TestACC_01","Output":"    x_test.go:9: figure: 3 of 4\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestACC_01"}`,
		`{"Action":"pass","Package":"p","Test":"TestCalls/sim/EXT-IVR-02_x"}`,
		`{"Action":"output","Package":"p","Test":"TestCalls/freeswitch","Output":"ENGINE ABSENT: freeswitch\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestCalls/freeswitch"}`,
	}, "\n")
	var w strings.Builder
	ok, err := run(strings.NewReader(in), &w, keep)
	if err != nil || ok {
		t.Fatalf("ok %v, error %v", ok, err)
	}
	if !strings.Contains(w.String(), "it broke") || !strings.Contains(w.String(), "\n3 of 4\n") || !strings.HasSuffix(w.String(), "failed: p TestEXT_IVR_01/asterisk: x_test.go:12: it broke\nENGINE ABSENT: freeswitch\n3 passed, 1 failed, 2 skipped\n") {
		t.Errorf("run said %q", w.String())
	}
	w.Reset()
	if err := table(&w, keep); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"EXT-IVR-01 sim=pass asterisk=fail freeswitch=absent\n", "ACC-01 any=pass\n", "EXT-IVR-02 sim=pass asterisk=none freeswitch=absent\n", "ACD-01 sim=none asterisk=none freeswitch=none\n"} {
		if !strings.Contains(w.String(), line) {
			t.Errorf("table lacks %q", line)
		}
	}
	if _, err := os.Stat(keep); err != nil {
		t.Error(err)
	}
}
