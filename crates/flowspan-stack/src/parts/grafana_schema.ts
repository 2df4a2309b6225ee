// Grafana's published types, as a file of JSON can fulfil them.

import type * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import type * as candlestick from "@grafana/grafana-foundation-sdk/candlestick";
import type * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type * as gauge from "@grafana/grafana-foundation-sdk/gauge";
import type * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import type * as piechart from "@grafana/grafana-foundation-sdk/piechart";
import type * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import type * as stat from "@grafana/grafana-foundation-sdk/stat";
import type * as table from "@grafana/grafana-foundation-sdk/table";
import type * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

// An enumeration of the types is its text in a file; methods are not in a file at all.
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer Item)[]
      ? Json<Item>[]
      : T extends object
        ? { [Key in keyof T as T[Key] extends (...arguments_: never[]) => unknown ? never : Key]: Json<T[Key]> }
        : T;

// What a table of the event store is asked; that plugin publishes no types.
interface Sql {
  refId: string;
  datasource: { type: "grafana-postgresql-datasource"; uid: string };
  rawSql: string;
  rawQuery: true;
  editorMode: "code";
  format: "table" | "time_series";
}

type Fields<Custom> = Omit<Json<dashboard.FieldConfigSource>, "defaults"> & {
  defaults: Omit<Json<dashboard.FieldConfig>, "custom"> & { custom?: Json<Partial<Custom>> };
};

type Of<Type extends string, Options, Custom> = Omit<
  Json<dashboard.Panel>,
  "type" | "options" | "fieldConfig" | "targets"
> & {
  type: Type;
  options: Json<Options>;
  fieldConfig: Fields<Custom>;
  targets: (Json<prometheus.Dataquery> | Sql)[];
};

type Nothing = Record<string, never>;

type Panel =
  | Of<"bargauge", bargauge.Options, Nothing>
  | Of<"candlestick", candlestick.Options, candlestick.FieldConfig>
  | Of<"gauge", gauge.Options, Nothing>
  | Of<"heatmap", heatmap.Options, heatmap.FieldConfig>
  | Of<"piechart", piechart.Options, piechart.FieldConfig>
  | Of<"stat", stat.Options, Nothing>
  | Of<"table", table.Options, table.FieldConfig>
  | Of<"timeseries", timeseries.Options, timeseries.FieldConfig>;

type RowOfPanels = Omit<Json<dashboard.RowPanel>, "panels"> & { type: "row"; panels: Panel[] };

type Checked = Omit<Json<dashboard.Dashboard>, "panels"> & { panels: (Panel | RowOfPanels)[] };
