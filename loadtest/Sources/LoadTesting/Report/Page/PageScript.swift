/// Values beside the pointer. A page says all it has to say without it.
enum PageScript {
    static let javaScript = """
        "use strict";
        for (const figure of document.querySelectorAll("figure[data-chart]")) {
          const chart = JSON.parse(figure.dataset.chart);
          const plot = figure.querySelector(".plot");
          const line = plot.appendChild(document.createElement("div"));
          const tip = plot.appendChild(document.createElement("div"));
          line.className = "pointer";
          tip.className = "tip";
          const row = (text, name) => {
            const element = tip.appendChild(document.createElement("div"));
            if (name !== undefined) element.appendChild(document.createElement("span")).textContent = name;
            element.append(text);
            return element;
          };
          const nearest = (values, at) => {
            let low = 0, high = values.length - 1;
            while (low < high) {
              const middle = (low + high) >> 1;
              if (values[middle] < at) low = middle + 1; else high = middle;
            }
            return low > 0 && at - values[low - 1] < values[low] - at ? low - 1 : low;
          };
          const show = event => {
            const box = plot.getBoundingClientRect();
            const at = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * 1000;
            const first = chart.series.find(series => series.x.length > 0);
            if (first === undefined) return;
            const index = nearest(first.x, at);
            const x = first.x[index];
            const label = chart.time === undefined ? first.label[index] : (x / 1000 * chart.time).toFixed(chart.time < 600 ? 1 : 0) + " s";
            tip.textContent = "";
            row(label).className = "at";
            for (const series of chart.series) {
              if (series.x.length === 0) continue;
              const found = nearest(series.x, x);
              if (Math.abs(series.x[found] - x) < 20) row(series.text[found], series.name);
            }
            for (const [start, end, words] of chart.marks) {
              if (words !== "" && x >= start - 4 && x <= end + 4) row(words).className = "mark";
            }
            line.style.left = x / 10 + "%";
            const right = x < 500;
            tip.style.left = right ? `calc(${x / 10}% + 10px)` : "";
            tip.style.right = right ? "" : `calc(${100 - x / 10}% + 10px)`;
            plot.classList.add("pointed");
          };
          plot.addEventListener("pointermove", show);
          plot.addEventListener("pointerdown", show);
          plot.addEventListener("pointerleave", () => plot.classList.remove("pointed"));
        }
        """
}
