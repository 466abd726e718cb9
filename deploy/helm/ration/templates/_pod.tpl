{{- /* The pod of an instance, in a Deployment or a StatefulSet. */ -}}
{{- define "ration.pod" -}}
metadata:
  labels:
    # No more than this: another version of the chart alone replaces no pods.
    {{- include "ration.selector" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: ration
    {{- if not .Values.existingConfigSecret }}
    # Another file replaces the pods: Ration reads it when it starts.
    checksum/config: {{ include "ration.file" . | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "ration.serviceAccount" . | quote }}
  automountServiceAccountToken: false
  # Variables for Services, such as RATION_PORT, would be settings that Ration doesn't
  # know, and refuses.
  enableServiceLinks: false
  # Until nobody sends it anything, until its requests are done, and 10 s to write what
  # was charged.
  terminationGracePeriodSeconds: {{ add .Values.shutdown.delaySeconds .Values.shutdown.graceSeconds 10 }}
  securityContext:
    {{- include "ration.podSecurity" . | nindent 4 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  containers:
    - name: ration
      image: {{ include "ration.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "ration.env" . | nindent 8 }}
      {{- with .Values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- if .Values.upstream }}
        - {name: proxy, containerPort: 8080}
        {{- end }}
        - {name: api, containerPort: 8081}
        {{- if eq .Values.admin.mode "service" }}
        - {name: admin, containerPort: 8082}
        {{- end }}
        {{- if .Values.envoy.enabled }}
        - {name: envoy, containerPort: 8083}
        {{- end }}
        {{- if .Values.metrics.enabled }}
        - {name: metrics, containerPort: 9464}
        {{- end }}
      startupProbe:
        httpGet: {{- include "ration.probe" (list . "/healthz") | nindent 10 }}
        {{- toYaml .Values.probes.startup | nindent 8 }}
      livenessProbe:
        httpGet: {{- include "ration.probe" (list . "/healthz") | nindent 10 }}
        {{- toYaml .Values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet: {{- include "ration.probe" (list . .Values.probes.readiness.path) | nindent 10 }}
        {{- toYaml (omit .Values.probes.readiness "path") | nindent 8 }}
      securityContext:
        {{- include "ration.containerSecurity" . | nindent 8 }}
      {{- with .Values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- include "ration.mounts" . | nindent 8 }}
  volumes:
    {{- include "ration.volumes" . | nindent 4 }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
  {{- else if ne .Values.database.kind "sqlite" }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "ration.selector" $ | nindent 10 }}
      # Else the pods of the former release would count, too, which are about to end.
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end -}}

{{- define "ration.probe" -}}
path: {{ index . 1 }}
port: api
{{- if (index . 0).Values.tls.api.existingSecret }}
scheme: HTTPS
{{- end }}
{{- end -}}

{{- /* All that the chart itself sets is set here: variables count before the file. */ -}}
{{- define "ration.env" -}}
- name: RATION_CONFIG
  value: /etc/ration/ration.yaml
{{ include "ration.database" . }}
- name: RATION_LISTEN
  value: ":8080"
- name: RATION_API_LISTEN
  value: ":8081"
- name: RATION_ADMIN_LISTEN
  value: {{ get (dict "loopback" "127.0.0.1:8082" "service" ":8082" "off" "off") .Values.admin.mode | quote }}
- name: RATION_ENVOY_LISTEN
  value: {{ ternary ":8083" "off" .Values.envoy.enabled | quote }}
- name: RATION_METRICS_LISTEN
  value: {{ ternary ":9464" "off" .Values.metrics.enabled | quote }}
{{- with .Values.upstream }}
- name: RATION_UPSTREAM
  value: {{ . | quote }}
{{- end }}
- name: RATION_SHUTDOWN_DELAY
  value: {{ printf "%ds" (int64 .Values.shutdown.delaySeconds) | quote }}
- name: RATION_SHUTDOWN_GRACE
  value: {{ printf "%ds" (int64 .Values.shutdown.graceSeconds) | quote }}
{{- range $listener, $prefix := dict "proxy" "" "api" "API_" "envoy" "ENVOY_" "admin" "ADMIN_" }}
{{- if (get $.Values.tls $listener).existingSecret }}
- name: RATION_{{ $prefix }}TLS_CERT_FILE
  value: /etc/ration/tls/{{ $listener }}/tls.crt
- name: RATION_{{ $prefix }}TLS_KEY_FILE
  value: /etc/ration/tls/{{ $listener }}/tls.key
{{- end }}
{{- end }}
{{- range $secret, $variable := dict "pepper" "RATION_PEPPER" "oidcClientSecret" "RATION_OIDC_CLIENT_SECRET" "bootstrapToken" "RATION_BOOTSTRAP_TOKEN" }}
{{- with get $.Values.secrets $secret }}
{{- if .existingSecret }}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret | quote }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ration.mounts" -}}
- name: config
  mountPath: /etc/ration/ration.yaml
  subPath: ration.yaml
  readOnly: true
# For commands that need a file for a moment: nothing else can be written to.
- name: tmp
  mountPath: /tmp
{{- if eq .Values.database.kind "sqlite" }}
- name: data
  mountPath: /data
{{- end }}
{{- range $listener := list "proxy" "api" "envoy" "admin" }}
{{- if (get $.Values.tls $listener).existingSecret }}
- name: tls-{{ $listener }}
  mountPath: /etc/ration/tls/{{ $listener }}
  readOnly: true
{{- end }}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "ration.volumes" -}}
- name: config
{{- if .Values.existingConfigSecret }}
  secret:
    secretName: {{ .Values.existingConfigSecret | quote }}
    defaultMode: 0440
{{- else }}
  configMap:
    name: {{ include "ration.fullname" . }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- if and (eq .Values.database.kind "sqlite") .Values.database.sqlite.existingClaim }}
- name: data
  persistentVolumeClaim:
    claimName: {{ .Values.database.sqlite.existingClaim | quote }}
{{- end }}
{{- range $listener := list "proxy" "api" "envoy" "admin" }}
{{- with (get $.Values.tls $listener).existingSecret }}
- name: tls-{{ $listener }}
  secret:
    secretName: {{ . | quote }}
    # For the group that fsGroup names: Ration refuses a key that everybody can read.
    defaultMode: 0440
{{- end }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
