/// How pages look: dark text on white, or the other way round as the reader's system has it; lines told apart by colour and by their dashes.
enum PageStyle {
    // The colours of lines are those of Okabe and Ito, darkened or lightened until they stand out from the ground by 3:1.
    static let css = """
        :root{color-scheme:light dark;--ground:#fff;--ink:#1c2126;--quiet:#59636e;--rule:#d5dbe1;--soft:#f4f6f8;
        --good:#17693f;--bad:#b0241b;--warn:#7d5200;--warnground:#fdf4dc;--fault:#b0241b;
        --s1:#0069ad;--s2:#c4510a;--s3:#00805f;--s4:#a04b87;--s5:#6b5d00;--s6:#4d5761}
        @media screen and (prefers-color-scheme:dark){:root{--ground:#14171a;--ink:#e4e8eb;--quiet:#9aa5af;--rule:#333a41;--soft:#1d2226;
        --good:#63c592;--bad:#ff8f85;--warn:#f0c674;--warnground:#2e2612;--fault:#ff8f85;
        --s1:#62b5ee;--s2:#f2944f;--s3:#43c9a0;--s4:#dd90c4;--s5:#d9c64a;--s6:#a9b4be}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);
        font:14px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
        main{max-width:1140px;margin:0 auto;padding:28px 24px 56px}
        h1{font-size:25px;line-height:1.2;margin:0 0 6px;overflow-wrap:anywhere}
        h2{font-size:16px;margin:34px 0 12px;padding-top:12px;border-top:1px solid var(--rule)}
        h3{display:inline;font-size:14px;margin:0}
        p{margin:0 0 8px}
        .kind{color:var(--quiet);margin:0 0 2px}
        .summary,.prose{max-width:78ch;overflow-wrap:anywhere}
        ul.prose{padding-left:18px;margin:0 0 8px}
        .note{color:var(--quiet);font-size:12.5px}
        .verdict{display:inline-block;font-weight:600;margin:6px 0 16px;padding:5px 12px 5px 10px;background:var(--soft);border-left:4px solid}
        .good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.quiet{color:var(--quiet)}
        td.good,td.bad,td.warn{font-weight:600}
        .warning{background:var(--warnground);border-left:4px solid var(--warn);padding:10px 14px;margin:0 0 14px;overflow-wrap:anywhere}
        .warning strong{color:var(--warn)}
        dl{margin:0}dd{margin:0}
        .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:3px 36px;align-items:start}
        .facts div{display:grid;grid-template-columns:164px 1fr;gap:10px}
        .columns .facts div{display:block}.columns .facts dt{font-size:12.5px}.columns .facts{margin:2px 0 6px}
        .facts dt,.figures dt{color:var(--quiet)}
        .facts dd{overflow-wrap:anywhere}
        .figures{display:grid;grid-template-columns:repeat(8,1fr);gap:1px;margin:20px 0 0;background:var(--rule);
        border:1px solid var(--rule)}
        .figures div{background:var(--ground);padding:8px 12px 9px;display:flex;flex-direction:column;justify-content:space-between}
        .figures dt{font-size:12.5px}
        .figures dd{font-size:19px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
        .figures .bad dd{color:var(--bad)}
        .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,330px),1fr));gap:18px 36px;align-items:start}
        .table{overflow-x:auto;margin:0 0 14px}
        table{border-collapse:collapse;min-width:min(100%,460px);font-variant-numeric:tabular-nums;line-height:1.35}
        .caption{font-weight:600;margin:0 0 5px;overflow-wrap:anywhere}.caption .note{font-weight:400}
        th,td{text-align:left;vertical-align:baseline;padding:4px 18px 4px 0;border-bottom:1px solid var(--rule);font-weight:400}
        th:last-child,td:last-child{padding-right:0}
        thead th{color:var(--quiet);font-size:12.5px;vertical-align:bottom;border-bottom-color:var(--quiet)}
        .n{text-align:right;white-space:nowrap}
        td small,th small{display:block;color:var(--quiet);font-size:11.5px}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,460px),1fr));gap:26px 36px}
        .charts+*{margin-top:10px}
        .charts.small{grid-template-columns:repeat(auto-fit,minmax(min(100%,310px),1fr))}
        figure{margin:0;min-width:0;break-inside:avoid}
        .chart{display:flow-root}.prose+.chart{margin-top:22px}
        .charts .chart{display:flex;flex-direction:column}.chart figcaption{margin-bottom:auto}.chart .legend{margin-bottom:auto}
        .chart figcaption:has(+.legend){margin-bottom:0}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:1px 16px;margin:3px 0 0;padding:0;font-size:12.5px;overflow-wrap:anywhere}
        .legend svg{vertical-align:2px;margin-right:6px}
        .empty{color:var(--quiet);padding:24px 0}
        .plot{position:relative;margin:24px 14px 42px 62px;touch-action:pan-y}
        figure svg{display:block;overflow:visible;pointer-events:none}
        .legend svg{display:inline}
        svg text{font-size:11px;fill:var(--quiet);font-variant-numeric:tabular-nums}
        .grid{stroke:var(--rule)}.tick{stroke:var(--quiet)}
        .line{fill:none;stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
        .s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}.s6{stroke:var(--s6)}
        .line.s2{stroke-dasharray:6 4}.line.s3{stroke-dasharray:1.5 4}.line.s4{stroke-dasharray:9 3 2 3}.line.s5{stroke-dasharray:12 4}
        .line.s6{stroke-dasharray:3 3}
        rect.fault{fill:var(--fault);opacity:.11}rect.phase{fill:var(--quiet);opacity:.07}
        line.mark.fault{stroke:var(--fault);opacity:.65}line.mark.phase{stroke:var(--quiet);stroke-dasharray:2 3}
        text.mark.fault{fill:var(--fault)}
        .bar{stroke:none;opacity:.5}
        .bar.s1{fill:var(--s1)}.bar.s2{fill:var(--s2)}.bar.s3{fill:var(--s3)}.bar.s4{fill:var(--s4)}.bar.s5{fill:var(--s5)}.bar.s6{fill:var(--s6)}
        .bars text.name{font-size:13px;fill:var(--ink)}.bars text.value{font-size:13px;fill:var(--ink);font-weight:600}
        .whisker line{stroke:var(--ink)}.whisker circle{fill:var(--ground);stroke:var(--ink)}
        .bars figcaption{margin-bottom:6px}
        .pointer,.tip{position:absolute;display:none;pointer-events:none}
        .pointer{top:0;bottom:0;width:1px;background:var(--ink);opacity:.45}
        .tip{top:4px;z-index:1;background:var(--ground);border:1px solid var(--quiet);padding:4px 8px;font-size:12px;line-height:1.4;
        white-space:nowrap;font-variant-numeric:tabular-nums}
        .tip div{display:flex;justify-content:space-between;gap:14px}.tip .at{color:var(--quiet)}.tip .mark{color:var(--fault)}
        .pointed .pointer,.pointed .tip{display:block}
        footer{margin-top:34px;padding-top:10px;border-top:1px solid var(--rule);color:var(--quiet);font-size:12.5px}
        @media screen and (max-width:1080px){.figures{grid-template-columns:repeat(4,1fr)}}
        @media screen and (max-width:560px){main{padding:18px 14px 40px}.wide{display:none}.plot{margin-left:58px}
        .facts div{grid-template-columns:108px 1fr}th,td{padding-right:12px}.figures{grid-template-columns:1fr 1fr}
        td:not(:last-child){white-space:nowrap}td:last-child:not(.n){min-width:16ch}}
        @media print{@page{margin:14mm}.wide{display:none}body{font-size:10.5px}main{max-width:none;padding:0}h2{break-after:avoid}tr,dl,.warning{break-inside:avoid}
        .charts{grid-template-columns:1fr 1fr}.charts.small{grid-template-columns:1fr 1fr 1fr}.table{overflow:visible}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}
