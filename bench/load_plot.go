package main

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"
)

// plot is CPU and memory against the number of readers.
type plot struct{ points []point }

type point struct {
	name    string
	readers int
	cpu     float64 // of the server per delivery, in nanoseconds; 0: not measured
	memory  float64 // resident bytes; 0: not measured
}

func (p *plot) add(name string, readers int, cpu, memory float64) {
	p.points = append(p.points, point{unmarked(name), readers, cpu, memory})
}

// unmarked removes the markup of a table from a name.
func unmarked(name string) string { return strings.NewReplacer("*", "", "`", "").Replace(name) }

// write writes the plot as SVG, with two panels on logarithmic axes.
func (p *plot) write(file string) error {
	const width, height = 900, 450
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="white"/>`+"\n", width, height)
	names := p.names()
	p.panel(&b, 60, names, "CPU of the server per delivery, with a backlog", "µs", func(q point) float64 { return q.cpu / 1e3 })
	p.panel(&b, 510, names, "Resident memory of the server, idle", "MiB", func(q point) float64 { return q.memory / (1 << 20) })
	for i, name := range names {
		x, y := 60+420*(i%2), 350+20*(i/2)
		fmt.Fprintf(&b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="%d"/><text x="%d" y="%d">%s</text>`+"\n",
			x, y-4, x+24, y-4, colour(i), thickness(name), x+30, y, html.EscapeString(name))
	}
	b.WriteString("</svg>\n")
	return os.WriteFile(file, []byte(b.String()), 0o644) //nolint:gosec // a public picture
}

func (p *plot) names() []string {
	var names []string
	seen := make(map[string]bool)
	for _, q := range p.points {
		if !seen[q.name] {
			seen[q.name] = true
			names = append(names, q.name)
		}
	}
	return names
}

// colour returns one of several colours that colour-blind readers can distinguish.
func colour(i int) string {
	return []string{"#000000", "#999999", "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c6d31"}[i%9]
}

func thickness(name string) int {
	if strings.HasPrefix(name, "mixstream") {
		return 4
	}
	return 2
}

func (p *plot) panel(b *strings.Builder, left int, names []string, title, unit string, value func(point) float64) {
	const top, width, height = 40, 370, 250
	low, high := math.Inf(1), 0.0
	for _, q := range p.points {
		if v := value(q); v > 0 {
			low, high = min(low, v), max(high, v)
		}
	}
	if high == 0 {
		return
	}
	low, high = math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	few, many := loadReaders()[0], loadReaders()[len(loadReaders())-1]
	x := func(readers int) float64 {
		return float64(left) + width*math.Log10(float64(readers)/float64(few))/math.Log10(float64(many)/float64(few))
	}
	y := func(v float64) float64 { return top + height*(high-math.Log10(v))/(high-low) }
	fmt.Fprintf(b, `<text x="%d" y="20" font-weight="bold">%s</text>`+"\n", left, title)
	for e := low; e <= high; e++ {
		v := math.Pow(10, e)
		fmt.Fprintf(b, `<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g %s</text>`+"\n",
			left, left+width, y(v), y(v), left-4, y(v)-3, v, unit)
	}
	for _, n := range loadReaders() {
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%d</text>`+"\n", x(n), top+height+18, n)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">readers</text>`+"\n", left+width/2, top+height+34)
	for i, name := range names {
		var line []string
		for _, q := range p.points {
			if v := value(q); q.name == name && v > 0 {
				line = append(line, fmt.Sprintf("%.1f,%.1f", x(q.readers), y(v)))
			}
		}
		if len(line) > 0 {
			fmt.Fprintf(b, `<polyline fill="none" stroke="%s" stroke-width="%d" points="%s"/>`+"\n", colour(i), thickness(name), strings.Join(line, " "))
		}
	}
}
