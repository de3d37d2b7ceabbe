// SPDX-License-Identifier: Apache-2.0
// What may be in packaging/kubernetes, and what packaging/helm makes. Types of Kubernetes are generated from its published API, those of the
// Prometheus operator from its resource definitions. Kustomize publishes none: these are the fields that render.mjs
// knows.
import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IService } from 'kubernetes-models/v1/Service';
import type { IPodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import type { IPrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import type { IServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';

interface Kustomization {
    apiVersion: 'kustomize.config.k8s.io/v1beta1';
    kind: 'Kustomization';
    resources: string[];
    patches?: { path: string; target: { kind: string } }[];
}

export interface Manifests {
    ConfigMap: IConfigMap;
    DaemonSet: IDaemonSet;
    PodMonitor: IPodMonitor;
    PrometheusRule: IPrometheusRule;
    Service: IService;
    ServiceMonitor: IServiceMonitor;
    Kustomization: Kustomization;
}
