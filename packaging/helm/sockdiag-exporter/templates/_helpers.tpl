{{/* SPDX-License-Identifier: Apache-2.0 */}}
{{- define "sockdiag-exporter.fullname" -}}
{{ .Values.fullnameOverride | default .Release.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "sockdiag-exporter.selector" -}}
app.kubernetes.io/name: sockdiag-exporter
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "sockdiag-exporter.labels" -}}
{{ include "sockdiag-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Name, namespace and labels of a resource: a list of the top, a suffix of the name, and labels of the user. */}}
{{- define "sockdiag-exporter.metadata" -}}
{{- $top := index . 0 -}}
name: {{ printf "%s%s" (include "sockdiag-exporter.fullname" $top) (index . 1) | quote }}
namespace: {{ $top.Release.Namespace }}
labels:
  {{- include "sockdiag-exporter.labels" $top | nindent 2 }}
  {{- with index . 2 }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* How a probe asks: a list of the values of the web side, and the path. */}}
{{- define "sockdiag-exporter.probe" -}}
{{- $web := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: metrics
  {{- if eq $web.scheme "https" }}
  scheme: HTTPS
  {{- end }}
  {{- with $web.probeHeaders }}
  httpHeaders:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* How Prometheus scrapes: a list of the values of the web side, and those of a monitor. */}}
{{- define "sockdiag-exporter.endpoint" -}}
{{- $web := index . 0 -}}
{{- $monitor := index . 1 -}}
port: metrics
path: /metrics
{{- if eq $web.scheme "https" }}
scheme: https
{{- end }}
{{- range $name := list "interval" "scrapeTimeout" "tlsConfig" "basicAuth" }}
{{- with get $monitor $name }}
{{- dict $name . | toYaml | nindent 0 }}
{{- end }}
{{- end }}
relabelings:
  - sourceLabels: [__meta_kubernetes_pod_node_name]
    targetLabel: instance
  # Those of the exporter's own pod: they change with each roll-out, and `pod` is a label of sockdiag_netns_info.
  - action: labeldrop
    regex: pod|container
{{- end }}
