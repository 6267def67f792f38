/** The page's style: light and dark as the reader's system is set; nothing is wider than 400 px needs, up to a wide screen. */
export const pageStyle = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1a2230; --soft: #566070; --line: #dde2e9;
  --good: #17703f; --good-back: #e2f4ea; --bad: #b3261e; --bad-back: #fbe6e4; --busy: #8a5300; --busy-back: #fdf0d5;
  --bar: #3a6ea5; --plain-back: #eceff3; }
@media (prefers-color-scheme: dark) { :root { --page: #12161c; --card: #1b212a; --text: #e6eaf0; --soft: #a3afbd; --line: #303945;
  --good: #6fd19b; --good-back: #17382a; --bad: #ff9a92; --bad-back: #43201d; --busy: #f2c26b; --busy-back: #3f3115;
  --bar: #6ea3da; --plain-back: #2a323d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1560px; margin: 0 auto; padding: 24px 20px 60px; }
[hidden] { display: none !important; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 12px; }
h3 { font-size: 13px; margin: 0; color: var(--soft); font-weight: 600; }
header { border-left: 6px solid var(--soft); padding-left: 14px; }
header.good { border-color: var(--good); } header.bad { border-color: var(--bad); } header.busy { border-color: var(--busy); }
header p { margin: 0 0 4px; color: var(--soft); overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px; margin-top: 16px; }
section.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(210px, 100%), 1fr)); gap: 16px; padding: 0; border: 0; background: none; }
.figure { background: var(--card); border: 1px solid var(--line); border-top: 4px solid var(--soft); border-radius: 8px; padding: 14px 16px; }
.figure.good { border-top-color: var(--good); } .figure.bad { border-top-color: var(--bad); }
.figure p { margin: 4px 0 0; overflow-wrap: anywhere; } .figure .value { font-size: 28px; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; } .figure .text { font-size: 16px; }
.note { color: var(--soft); font-size: 13px; margin: 6px 0 0; }
.datacenters { display: flex; flex-wrap: wrap; gap: 16px; }
.datacenter { flex: 1 1 300px; min-width: 0; border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; }
.datacenter.gone { border: 1px dashed var(--bad); }
.datacenter ul { list-style: none; margin: 10px 0 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 100%), 1fr)); gap: 10px; }
.host { border: 1px solid var(--line); border-left: 4px solid var(--soft); border-radius: 6px; padding: 8px 10px; overflow-wrap: anywhere; }
.host.good { border-left-color: var(--good); } .host.bad { border-left-color: var(--bad); } .host.busy { border-left-color: var(--busy); }
.host p { margin: 2px 0 0; } .host .hostname { margin: 0; }
.host .line { font-size: 13px; color: var(--soft); } .host .line.good { color: var(--good); } .host .line.bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: 13px; }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; } td:first-child, td:nth-child(2) { white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; }
td ul { margin: 0; padding-left: 16px; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; }
time { font-variant-numeric: tabular-nums; }
.badge { display: inline-block; padding: 0 8px; border-radius: 10px; font-size: 12px; line-height: 20px; background: var(--plain-back); color: var(--soft); }
.badge.good { background: var(--good-back); color: var(--good); } .badge.bad { background: var(--bad-back); color: var(--bad); }
.badge.busy { background: var(--busy-back); color: var(--busy); }
.timeline { font-size: 12px; padding-right: 56px; }
.timeline .row { display: grid; grid-template-columns: 220px 1fr; gap: 12px; }
.timeline .name { text-align: right; overflow-wrap: anywhere; line-height: 22px; } .timeline .name span { color: var(--soft); }
.timeline .track { position: relative; height: 22px; min-width: 0; }
.timeline .grid, .timeline .first-write { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1px solid var(--line); }
.timeline .first-write { border-left: 2px dashed var(--good); }
.timeline .bar { position: absolute; top: 4px; height: 14px; min-width: 3px; border-radius: 3px; background: var(--bar); }
.timeline .bar.failed { background: var(--bad); } .timeline .bar.running { background: var(--busy); }
.timeline .seconds { position: absolute; line-height: 22px; padding-left: 6px; white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
.timeline .axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; color: var(--soft); }
.key { display: inline-block; width: 0; height: 12px; border-left: 2px dashed var(--good); margin: 0 4px 0 2px; vertical-align: -1px; }
#connection { position: sticky; bottom: 0; margin: 0; padding: 10px 20px; background: var(--bad-back); color: var(--bad); font-weight: 600; }
@media (max-width: 640px) {
  main { padding: 16px 10px 40px; } h1 { font-size: 21px; } section { padding: 14px 12px; }
  .timeline { padding-right: 50px; } .timeline .row { display: block; } .timeline .row.axis { margin-left: 8px; }
  .timeline .name { text-align: left; line-height: 18px; }
  table, tbody { display: block; } thead { display: none; }
  tr { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; padding: 8px 0; border-bottom: 1px solid var(--line); } tbody tr:last-child { border-bottom: 0; }
  td, td:first-child, td:nth-child(2) { border: 0; padding: 2px 0; white-space: normal; min-width: 0; }
  td:empty { display: none; } td:last-child { flex-basis: 100%; }
  td:nth-child(n + 3):not(:last-child)::before { content: attr(data-head) " "; color: var(--soft); font-size: 13px; }
}
@media print { body { background: #fff; } section { break-inside: avoid; } }
`;
