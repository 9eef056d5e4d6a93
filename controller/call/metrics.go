package call

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"callplane/store"
)

// Metrics of the call runtime for Prometheus.
type Metrics struct {
	active   prometheus.Gauge
	calls    *prometheus.CounterVec
	duration prometheus.Histogram
	decision prometheus.Histogram
	panics   prometheus.Counter
	adopted  prometheus.Counter
	auth     *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		active: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "callplane_calls_active", Help: "Calls in progress."}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callplane_calls_total", Help: "Calls ended, by direction and cause."}, []string{"direction", "cause"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "callplane_call_duration_seconds", Help: "Duration of answered calls from answer to end.",
			Buckets: []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600}}),
		decision: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "callplane_decision_seconds", Help: "From a new leg to the first command about it, accepted by the engine.",
			Buckets: prometheus.ExponentialBuckets(10e-6, 2, 14)}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callplane_call_panics_total", Help: "Calls ended by a defect of the controller."}),
		adopted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callplane_calls_adopted_total", Help: "Calls taken over after a restart of the controller."}),
		auth: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callplane_registrations_total", Help: "Registration events, by engine and kind."}, []string{"engine", "kind"}),
	}
	for _, c := range []prometheus.Collector{m.active, m.calls, m.duration, m.decision, m.panics, m.adopted, m.auth} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Metrics) ended(r store.CallRecord) {
	m.calls.WithLabelValues(string(r.Direction), r.Cause).Inc()
	if !r.Answered.IsZero() {
		m.duration.Observe(r.Ended.Sub(r.Answered).Seconds())
	}
}

func (m *Metrics) decided(since time.Time) { m.decision.Observe(time.Since(since).Seconds()) }
