package tracing

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// first returns the first of some variables that has a value.
func first(names ...string) (name, value string) {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return name, value
		}
	}
	return "", ""
}

// isWanted reports whether the standard variables ask for traces. The standard would send
// them to this machine if nothing is said; here something has to be.
func isWanted() (bool, error) {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return false, nil
	}
	switch exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter {
	case "otlp":
	case "none":
		return false, nil
	case "":
		if name, _ := first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"); name == "" {
			return false, nil
		}
	default:
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q; use otlp or none", exporter)
	}
	if name, protocol := first("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); name != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("%s is %q; use http/protobuf, which collectors take on port 4318", name, protocol)
	}
	return true, nil
}

// newSampler reads which traces are recorded. The standard would record all if nothing is
// said: that costs a quarter of what a server can decide.
func newSampler() (sampler, error) {
	name, argument := os.Getenv("OTEL_TRACES_SAMPLER"), os.Getenv("OTEL_TRACES_SAMPLER_ARG")
	root, parentBased := strings.CutPrefix(name, "parentbased_")
	s := sampler{obeysParents: parentBased || name == ""}
	switch root {
	case "":
		s.root = new(few)
	case "always_on":
		s.root = sdk.AlwaysSample()
	case "always_off":
		s.root = sdk.NeverSample()
	case "traceidratio":
		ratio := 1.0
		if argument != "" {
			var err error
			if ratio, err = strconv.ParseFloat(argument, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
				return s, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q; use a number from 0 to 1", argument)
			}
		}
		s.root = sdk.TraceIDRatioBased(ratio)
	default:
		return s, fmt.Errorf("OTEL_TRACES_SAMPLER is %q; use always_on, always_off, traceidratio, or one of them after parentbased_", name)
	}
	return s, nil
}
