// Command picture draws the columns of a CSV file over the first one, which is the time in seconds. It is a module of
// its own, so that magent does not depend on what draws.
//
//	picture IN.csv OUT.png
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: picture IN.csv OUT.png")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

// panel is a plot with the curves that share its name: of the columns "requests a second: all" and "requests a
// second: errors".
type panel struct {
	name   string
	curves []string
	values []plotter.XYs
}

func run(in, out string) error {
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) < 3 {
		return fmt.Errorf("%s has less than two samples", in)
	}
	panels, err := arrange(rows)
	if err != nil {
		return err
	}
	var plots [][]*plot.Plot
	for _, p := range panels {
		drawn, err := p.plot()
		if err != nil {
			return err
		}
		plots = append(plots, []*plot.Plot{drawn})
	}
	return save(out, plots)
}

// arrange groups the columns. Times are in minutes then.
func arrange(rows [][]string) (panels []panel, err error) {
	for i, title := range rows[0][1:] {
		name, curve, _ := strings.Cut(title, ": ")
		points := make(plotter.XYs, len(rows)-1)
		for n, row := range rows[1:] {
			x, bad := strconv.ParseFloat(row[0], 64)
			y, worse := strconv.ParseFloat(row[i+1], 64)
			if err := errors.Join(bad, worse); err != nil {
				return nil, err
			}
			points[n] = plotter.XY{X: x / 60, Y: y}
		}
		if len(panels) == 0 || panels[len(panels)-1].name != name {
			panels = append(panels, panel{name: name})
		}
		last := &panels[len(panels)-1]
		last.curves, last.values = append(last.curves, curve), append(last.values, points)
	}
	return panels, nil
}

// plot draws a panel. Milliseconds have a logarithmic scale, because they differ by powers of ten.
func (p panel) plot() (*plot.Plot, error) {
	drawn := plot.New()
	drawn.Title.Text = p.name
	drawn.X.Label.Text = "minutes"
	drawn.X.Min = 0
	drawn.Legend.Top = true
	drawn.Add(plotter.NewGrid())
	for i, points := range p.values {
		if strings.HasSuffix(p.name, "ms") {
			for n := range points {
				points[n].Y = max(points[n].Y, 0.01)
			}
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		line.Width = vg.Points(0.7)
		line.Color = plotutil.Color(i)
		drawn.Add(line)
		if p.curves[i] != "" {
			drawn.Legend.Add(p.curves[i], line)
		}
	}
	if strings.HasSuffix(p.name, "ms") {
		drawn.Y.Scale, drawn.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		drawn.Y.Max *= 10 // room for the legend
	} else {
		drawn.Y.Min = 0
		drawn.Y.Max *= 1.3
	}
	return drawn, nil
}

// save writes plots, one above the other, as PNG.
func save(out string, plots [][]*plot.Plot) error {
	c := vgimg.New(10*vg.Inch, vg.Length(len(plots))*2.2*vg.Inch)
	tiles := draw.Tiles{Rows: len(plots), Cols: 1, PadY: 4, PadTop: 4, PadLeft: 12, PadRight: 12}
	canvases := plot.Align(plots, tiles, draw.New(c))
	for i, row := range plots {
		row[0].Draw(canvases[i][0])
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}
