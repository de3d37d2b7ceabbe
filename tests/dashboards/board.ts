// SPDX-License-Identifier: Apache-2.0
/*
 * The schema of our dashboards: Grafana's own types, combined. In Grafana's type of a dashboard, the
 * options of a panel are arbitrary; here each kind of panel has its own, so that a misspelled
 * option or an unexpected panel type is an error. Omitted objects take Grafana's defaults; objects that
 * are present must be complete.
 */
import type { GraphFieldConfig, TableFieldOptions } from '@grafana/grafana-foundation-sdk/common';
import type * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as table from '@grafana/grafana-foundation-sdk/table';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

type Target = Omit<prometheus.Dataquery, '_implementsDataqueryVariant' | 'refId'> & { refId: string };

// Links of a field; the SDK uses the type of a dashboard's links, which have more fields.
interface DataLink {
    title: string;
    url: string;
    targetBlank?: boolean;
}

type Defaults<Custom> = Omit<dashboard.FieldConfig, 'custom' | 'links'> & {
    custom?: Partial<Custom>;
    links?: DataLink[];
};

interface PanelOf<Options, Custom> extends Omit<dashboard.Panel, 'targets' | 'options' | 'fieldConfig'> {
    targets: Target[];
    options: Partial<Options>;
    fieldConfig: { defaults: Defaults<Custom>; overrides: dashboard.FieldConfigSource['overrides'] };
}

export interface Panels {
    timeseries: PanelOf<timeseries.Options, GraphFieldConfig>;
    table: PanelOf<table.Options, TableFieldOptions>;
    stat: PanelOf<stat.Options, never>;
    bargauge: PanelOf<bargauge.Options, never>;
    heatmap: PanelOf<heatmap.Options, heatmap.FieldConfig>;
    row: dashboard.RowPanel;
}

// The fields that Grafana adds when it exports a dashboard for others; its types lack them.
interface Exported {
    id: null;
    __inputs: [];
    __elements: Record<string, never>;
    __requires: { type: 'grafana' | 'datasource' | 'panel'; id: string; name: string; version: string }[];
}

// All except the panels, which are checked one by one. A snapshot holds a whole dashboard; ours hold none.
export type Frame = Omit<dashboard.Dashboard, 'panels' | 'snapshot' | 'id'> & Exported;

export interface Schema {
    frame: Frame;
    panels: Panels;
}
