using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Egress.Agent.Flows;

namespace Egress.Cli;

/// <summary>Prints rows in columns. A cell may have several lines. Bytes from outside are escaped.</summary>
internal static class Table
{
    public static void Write(TextWriter writer, string[] header, IEnumerable<string[]> rows)
    {
        List<string[][]> cells = [[.. header.Select(text => text.Split('\n'))]];
        cells.AddRange(rows.Select(row => row.Select(cell => cell.Split('\n').Select(FlowText.Printable).ToArray()).ToArray()));
        int[] widths = [.. Enumerable.Range(0, header.Length).Select(column => cells.Max(row => row[column].Max(line => line.Length)))];
        foreach (string[][] row in cells)
        {
            for (int line = 0; line < row.Max(cell => cell.Length); line++)
            {
                int current = line;
                writer.WriteLine(string.Join("   ", row.Select((cell, column) => (current < cell.Length ? cell[current] : string.Empty).PadRight(widths[column]))).TrimEnd());
            }
        }
    }
}
