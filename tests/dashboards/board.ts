// SPDX-License-Identifier: Apache-2.0
/*
 * What a dashboard of ours may hold: Grafana's own types, tied together. Grafana leaves the options of a
 * panel open in the type of the dashboard; here each kind of panel has its own, so that a misspelled
 * option or a panel type that is not meant to be used is an error. What is left out takes Grafana's
 * default; an object that is given is given whole.
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

// Links of a field; the SDK takes them for links of a dashboard, which have more to them.
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

// All but the panels, which are judged one by one. A snapshot holds a whole dashboard; ours hold none.
export type Frame = Omit<dashboard.Dashboard, 'panels' | 'snapshot'>;

export interface Schema {
    frame: Frame;
    panels: Panels;
}
