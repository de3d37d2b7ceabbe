// SPDX-License-Identifier: Apache-2.0
/*
 * Draw panels of a dashboard with Grafana's own components from answers of Prometheus. window.input holds
 * { panels, answers, from, to }: panels as in the dashboard; answers of the HTTP API by panel id, one for
 * each target in order; the range in seconds.
 *
 * Grafana publishes its components, transformations and field configuration, but not the heatmap panel:
 * this file imitates it.
 */
import {
    FieldType, Registry, applyFieldOverrides, createTheme, dateTime, getDisplayProcessor, getFieldDisplayName,
    reduceField, standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, Table, ThemeContext, TimeSeries } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { firstValueFrom } from 'rxjs';

const COLUMN = 62, ROW = 38, GAP = 8, TITLE = 32;
const theme = createTheme({ colors: { mode: 'light' } });
const { panels, answers, from, to } = window.input;
const timeRange = { from: dateTime(from * 1000), to: dateTime(to * 1000) };
timeRange.raw = timeRange;

standardTransformersRegistry.setInit(() =>
    ['mergeTransformer', 'organizeFieldsTransformer', 'groupingToMatrixTransformer'].map((name) => {
        const transformation = standardTransformers[name];
        return { id: transformation.id, name, transformation };
    }),
);

// Every property of a field that our dashboards set, without processing.
function fieldRegistry(panel) {
    const config = panel.fieldConfig;
    const plain = ['unit', 'min', 'max', 'decimals', 'noValue', 'thresholds', 'mappings', 'color'];
    const custom = Object.keys(config.defaults.custom ?? {}).map((key) => `custom.${key}`);
    const overridden = config.overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
    const ids = [...new Set([...plain, ...custom, ...overridden])].filter((id) => id !== 'links');
    return new Registry(() =>
        ids.map((id) => ({
            id, name: id, path: id.replace('custom.', ''), isCustom: id.startsWith('custom.'),
            process: (value) => value, shouldApply: () => true,
        })),
    );
}

const legend = (target, labels) => target.legendFormat?.replace(/{{(\w+)}}/g, (_, label) => labels[label] ?? '');

function seriesFrames(target, answer) {
    return answer.result.map(({ metric, values, value }) => {
        const points = (values ?? [value]).map(([time, text]) => [time * 1000, Number(text)]);
        return toDataFrame({
            refId: target.refId,
            fields: [
                { name: 'Time', type: FieldType.time, values: points.map(([time]) => time) },
                { name: 'Value', type: FieldType.number, labels: metric, values: points.map(([, number]) => number),
                  config: { displayNameFromDS: legend(target, metric) } },
            ],
        });
    });
}

function tableFrame(target, answer, alone) {
    const labels = [...new Set(answer.result.flatMap(({ metric }) => Object.keys(metric)))].sort();
    return toDataFrame({
        refId: target.refId,
        fields: [
            { name: 'Time', type: FieldType.time, values: answer.result.map(({ value }) => value[0] * 1000) },
            ...labels.map((label) => ({
                name: label, type: FieldType.string, values: answer.result.map(({ metric }) => metric[label] ?? ''),
            })),
            { name: alone ? 'Value' : `Value #${target.refId}`, type: FieldType.number,
              values: answer.result.map(({ value }) => Number(value[1])) },
        ],
    });
}

async function framesOf(panel) {
    const parts = panel.targets.map((target, i) => {
        const answer = answers[panel.id][i];
        if (target.format === 'table') return [tableFrame(target, answer, panel.targets.length === 1)];
        return seriesFrames(target, answer);
    });
    const data = await firstValueFrom(transformDataFrame(panel.transformations ?? [], parts.flat()));
    const frames = applyFieldOverrides({
        data, fieldConfig: panel.fieldConfig, fieldConfigRegistry: fieldRegistry(panel), theme, timeZone: 'utc',
        replaceVariables: (text) => text,
    });
    if (panel.options.sortBy) frames.forEach((frame) => sort(frame, panel.options.sortBy));
    return frames;
}

// The table component sorts on a click; the panel sorts at once.
function sort(frame, [{ displayName, desc }]) {
    const by = frame.fields.find((field) => getFieldDisplayName(field, frame) === displayName);
    if (!by) return;
    const first = (a, b) => (desc ? by.values[b] - by.values[a] : by.values[a] - by.values[b]);
    const order = by.values.map((_, row) => row).sort(first);
    for (const field of frame.fields) field.values = order.map((row) => field.values[row]);
}

function lastValues(frames) {
    return frames.flatMap((frame) =>
        frame.fields.filter((field) => field.type === FieldType.number).map((field) => {
            const value = reduceField({ field, reducers: ['lastNotNull'] }).lastNotNull;
            const display = (field.display ?? getDisplayProcessor({ field, theme }))(value);
            return { field, display: { ...display, title: getFieldDisplayName(field, frame, frames) } };
        }),
    );
}

function Stat({ panel, frames, width, height }) {
    const [first] = lastValues(frames);
    if (!first) return panel.fieldConfig.defaults.noValue ?? 'No data';
    const sparkline = panel.options.graphMode === 'area' && first.field.values.length > 1
        ? { y: first.field, x: frames[0].fields[0], timeRange } : undefined;
    const value = panel.options.textMode === 'value_and_name' ? first.display : { ...first.display, title: undefined };
    return <BigValue value={value} sparkline={sparkline} colorMode="value" graphMode={panel.options.graphMode}
                     justifyMode="auto" theme={theme} width={width} height={height} />;
}

function Bars({ panel, frames, width }) {
    return lastValues(frames).map(({ field, display }) => (
        <BarGauge key={display.title} value={display} field={field.config} display={field.display} theme={theme}
                  width={width} height={34} orientation="horizontal" displayMode="basic" showUnfilled
                  valueDisplayMode="color" />
    ));
}

// Each bucket minus the one below, at each time.
function heatmapCells(rows) {
    const counts = rows.map(({ values }) => new Map(values.map(([time, text]) => [time, Number(text)])));
    return rows.flatMap(({ values }, row) =>
        values.map(([time]) => ({ row, time, count: counts[row].get(time) - (counts[row - 1]?.get(time) ?? 0) })),
    );
}

const mix = (light, dark, share) => light + (dark - light) * share;
const orange = (share) => `rgb(${mix(245, 135, share)}, ${mix(190, 45, share)}, ${mix(130, 5, share)})`;

// Darker cells have more samples.
function Heatmap({ panel, width, height }) {
    const bound = ({ metric }) => (metric.le === '+Inf' ? Infinity : Number(metric.le));
    const rows = [...answers[panel.id][0].result].sort((a, b) => bound(a) - bound(b));
    const cells = heatmapCells(rows).filter(({ count }) => count > 1e-9);
    const most = Math.max(...cells.map(({ count }) => count));
    const left = 60, bottom = height - 20, h = bottom / rows.length, w = (width - left) / rows[0].values.length;
    const across = (time) => left + ((time - from) / (to - from)) * (width - left - w);
    const clock = (time) => new Date(time * 1000).toISOString().slice(11, 16);
    return (
        <svg width={width} height={height} style={{ font: '12px Inter, sans-serif' }}>
            {rows.map(({ metric }, row) => (
                <text key={row} x={left - 6} y={bottom - (row + 0.5) * h + 4} textAnchor="end">{metric.le}</text>
            ))}
            {cells.map(({ row, time, count }) => (
                <rect key={`${row} ${time}`} x={across(time)} y={bottom - (row + 1) * h} width={w - 0.5} height={h - 1}
                      fill={orange(Math.sqrt(count / most))} />
            ))}
            {[0.05, 0.35, 0.65, 0.95].map((share) => mix(from, to, share)).map((time) => (
                <text key={time} x={across(time)} y={height - 4} textAnchor="middle">{clock(time)}</text>
            ))}
        </svg>
    );
}

function Body({ panel, frames, width, height }) {
    switch (panel.type) {
    case 'timeseries':
        return <TimeSeries frames={frames} timeRange={timeRange} timeZone="utc" width={width} height={height}
                           legend={panel.options.legend} options={panel.options} />;
    case 'table':
        return <Table data={frames[0]} width={width} height={height} />;
    case 'stat':
        return <Stat panel={panel} frames={frames} width={width} height={height} />;
    case 'bargauge':
        return <Bars panel={panel} frames={frames} width={width} />;
    default:
        return <Heatmap panel={panel} width={width} height={height} />;
    }
}

function Panel({ panel, frames }) {
    const { x, y, w, h } = panel.gridPos;
    const box = { left: x * COLUMN, top: y * ROW, width: w * COLUMN - GAP, height: h * ROW - GAP };
    const frame = {
        position: 'absolute', overflow: 'hidden', background: theme.colors.background.primary,
        border: `1px solid ${theme.colors.border.weak}`,
    };
    return (
        <div style={{ ...frame, ...box }}>
            <div style={{ padding: '6px 10px', height: TITLE, fontWeight: 500 }}>{panel.title}</div>
            <div style={{ padding: '0 8px' }}>
                <Body panel={panel} frames={frames} width={box.width - 18} height={box.height - TITLE - 8} />
            </div>
        </div>
    );
}

async function draw() {
    const drawn = [];
    for (const panel of panels) drawn.push({ panel, frames: panel.type === 'heatmap' ? [] : await framesOf(panel) });
    const bottom = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * ROW;
    createRoot(document.getElementById('root')).render(
        <ThemeContext.Provider value={theme}>
            <GlobalStyles />
            <div id="board" style={{ position: 'relative', width: 24 * COLUMN, height: bottom }}>
                {drawn.map(({ panel, frames }) => <Panel key={panel.id} panel={panel} frames={frames} />)}
            </div>
        </ThemeContext.Provider>,
    );
}

draw();
