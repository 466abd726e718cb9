package config

const metricsListen = "metrics_listen"

// MetricsOnAPI is the MetricsListen of metrics that are served where the verify API is.
const MetricsOnAPI = "api"

// parseMetricsAddress reads an address, "api" or "off".
func parseMetricsAddress(value string) (string, error) {
	switch value {
	case "off":
		return "", nil
	case MetricsOnAPI:
		return value, nil
	}
	return parseAddress(value)
}
