package chart_test

import "strings"

// least is what has to be given.
const least = `
image: {repository: registry.example.com/ration, tag: v1.2.3}
database: {postgresql: {existingSecret: ration-db}}
`

// everything switches on all that there is at once.
const everything = `
image: {repository: registry.example.com/ration, tag: v1.2.3, digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", pullSecrets: [{name: registry}]}
database: {postgresql: {existingSecret: ration-db, key: DATABASE_URL}}
upstream: http://api.default.svc:8000/base
config:
  log_format: json
  trusted_proxies: [10.0.0.0/8]
  max_connections: 1000000
  console_url: https://ration.example.com
  oidc_issuer: https://accounts.example.com
  oidc_client_id: ration
  oidc_admin_groups: [platform]
  routes:
    - {path: /health, free: true}
    - {path: /v1/search, methods: [POST], amounts: {requests: 1, search: 12345678}, fail_open: true}
secrets:
  pepper: {existingSecret: ration-pepper}
  oidcClientSecret: {existingSecret: ration-oidc}
  bootstrapToken: {existingSecret: ration-bootstrap}
tls:
  proxy: {existingSecret: proxy-tls}
  api: {existingSecret: api-tls}
  envoy: {existingSecret: envoy-tls}
  admin: {existingSecret: admin-tls}
proxy: {service: {type: LoadBalancer, port: 443, externalTrafficPolicy: Local, loadBalancerSourceRanges: [192.0.2.0/24], annotations: {example.com/a: b}}}
envoy: {enabled: true}
admin: {mode: service}
metrics: {enabled: true, serviceMonitor: {enabled: true, labels: {release: prometheus}}}
migration: {resources: {limits: {memory: 128Mi}}}
probes: {readiness: {path: /healthz}}
autoscaling: {enabled: true}
networkPolicy:
  enabled: true
  proxyFrom: [{ipBlock: {cidr: 192.0.2.0/24}}]
  egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]}]
topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app.kubernetes.io/instance: shop}}}]
affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}]}}}
nodeSelector: {kubernetes.io/os: linux}
tolerations: [{key: dedicated, operator: Exists}]
priorityClassName: high
podAnnotations: {example.com/note: "1"}
podLabels: {team: platform}
extraEnv: [{name: GOMEMLIMIT, value: 460MiB}]
extraEnvFrom: [{configMapRef: {name: more}}]
extraVolumes: [{name: pg, secret: {secretName: pg-ca}}]
extraVolumeMounts: [{name: pg, mountPath: /etc/ration/pg, readOnly: true}]
serviceAccount: {annotations: {example.com/role: none}}
`

const single = `
image: {repository: registry.example.com/ration, tag: v1.2.3}
replicas: 1
database: {kind: sqlite}
`

// allListeners is everything without certificates, and so without a Service for the admin
// API, and with a server that stops at once.
var allListeners = func() string {
	before, rest, _ := strings.Cut(everything, "tls:\n")
	_, after, _ := strings.Cut(rest, "proxy: {service")
	after = strings.NewReplacer("admin: {mode: service}", "admin: {mode: loopback}", "path: /healthz", "path: /readyz").Replace(after)
	return before + "proxy: {service" + after + "shutdown: {delaySeconds: 0}\n"
}()

// charts are values that must make a whole chart, with the objects that it then has.
var charts = []struct {
	name, values string
	want         string
}{
	{"least", least, "ConfigMap Deployment Job PodDisruptionBudget Service/api ServiceAccount"},
	{"proxy", least + "upstream: http://api:8000\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api Service/proxy ServiceAccount"},
	{"SQLite", single, "ConfigMap Service/api ServiceAccount StatefulSet"},
	{"SQLite on a claim", strings.Replace(single, "kind: sqlite", "kind: sqlite, sqlite: {existingClaim: kept}", 1), "ConfigMap Service/api ServiceAccount StatefulSet"},
	{"autoscaling by queue", least + "autoscaling: {enabled: true}\n", "ConfigMap Deployment HorizontalPodAutoscaler Job PodDisruptionBudget Service/api ServiceAccount"},
	{"autoscaling by processor", least + "autoscaling: {enabled: true, metric: cpu}\nmetrics: {enabled: false}\n", "ConfigMap Deployment HorizontalPodAutoscaler Job PodDisruptionBudget Service/api ServiceAccount"},
	{"ServiceMonitor", least + "metrics: {serviceMonitor: {enabled: true}}\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api Service/metrics ServiceAccount ServiceMonitor"},
	{"NetworkPolicy", least + "networkPolicy: {enabled: true}\n", "ConfigMap Deployment Job NetworkPolicy PodDisruptionBudget Service/api ServiceAccount"},
	{"Envoy", least + "envoy: {enabled: true}\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api Service/envoy ServiceAccount"},
	{"nothing of ours", least + "serviceAccount: {create: false}\nmigration: {enabled: false}\npodDisruptionBudget: {enabled: false}\nadmin: {mode: \"off\"}\nmetrics: {enabled: false}\nexistingConfigSecret: file\nresources: null\n", "Deployment Service/api"},
	{"empty file", least + "config: {log_format: null}\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api ServiceAccount"},
	{"long names", least + "fullnameOverride: a-name-of-a-release-that-is-longer-than-any-name-may-be-in-kubernetes\nenvoy: {enabled: true}\nmetrics: {serviceMonitor: {enabled: true}}\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api Service/envoy Service/metrics ServiceAccount ServiceMonitor"},
	{"another file", least + "config: {request_log_days: 30}\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api ServiceAccount"},
	{"more replicas", least + "replicas: 5\n", "ConfigMap Deployment Job PodDisruptionBudget Service/api ServiceAccount"},
	{"SQLite stopped", strings.Replace(single, "replicas: 1", "replicas: 0", 1), "ConfigMap Service/api ServiceAccount StatefulSet"},
	{"SQLite with a certificate", single + "shutdown: {delaySeconds: 0}\ntls: {api: {existingSecret: api-tls}}\n", "ConfigMap Service/api ServiceAccount StatefulSet"},
	{"all listeners", allListeners, "ConfigMap Deployment HorizontalPodAutoscaler Job NetworkPolicy PodDisruptionBudget Service/api Service/envoy Service/metrics Service/proxy ServiceAccount ServiceMonitor"},
	{"everything", everything, "ConfigMap Deployment HorizontalPodAutoscaler Job NetworkPolicy PodDisruptionBudget Service/admin Service/api Service/envoy Service/metrics Service/proxy ServiceAccount ServiceMonitor"},
}
