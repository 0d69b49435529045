// A PowerShell 7 without its console and its modules: the engine of the package System.Management.Automation.
//
//   host                     scripts from standard input, one a line, as base64; for each a line of JSON goes out
//   host -File PATH [ARGS]   as `pwsh -File`: runs the script, ends with its exit code
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Runspaces;
using System.Text;
using System.Text.Json;

var host = new BareHost();
using var runspace = RunspaceFactory.CreateRunspace(host, InitialSessionState.CreateDefault2());
runspace.ThreadOptions = PSThreadOptions.ReuseThread;
runspace.Open();

if (args.Length > 1 && args[0] == "-File") return RunFile(args[1], args[2..]);
while (Console.In.ReadLine() is { } line)
{
    Console.Out.WriteLine(RunText(Encoding.UTF8.GetString(Convert.FromBase64String(line))));
    Console.Out.Flush();
}
// Not by return: a script may have left threads of the pool that would be waited for.
Environment.Exit(0);
return 0;

string RunText(string script)
{
    using var shell = PowerShell.Create(runspace);
    shell.AddScript(script);
    object? thrown = null;
    var output = new List<string>();
    try
    {
        foreach (var item in shell.Invoke()) output.Add(item?.ToString() ?? "");
    }
    catch (RuntimeException error)
    {
        thrown = new
        {
            message = error.Message,
            id = error.ErrorRecord.FullyQualifiedErrorId,
            at = error.ErrorRecord.ScriptStackTrace,
        };
    }
    return JsonSerializer.Serialize(new
    {
        output,
        thrown,
        errors = shell.Streams.Error.Select(record => record.ToString()),
        warnings = shell.Streams.Warning.Select(record => record.ToString()),
        verbose = shell.Streams.Verbose.Select(record => record.ToString()),
    });
}

int RunFile(string path, string[] rest)
{
    using var shell = PowerShell.Create(runspace);
    // The command line as pwsh takes it apart: -Name VALUE, -Switch, VALUE.
    var words = rest.Select(word => word.StartsWith('-') ? word : "'" + word.Replace("'", "''") + "'");
    shell.AddScript($"& '{path.Replace("'", "''")}' {string.Join(' ', words)}");
    foreach (var item in shell.Invoke()) Console.Out.WriteLine(item);
    foreach (var error in shell.Streams.Error) Console.Error.WriteLine(error);
    // `exit` in a script that was called ends that script, and leaves its code here.
    return runspace.SessionStateProxy.GetVariable("LASTEXITCODE") as int? ?? host.ExitCode;
}

internal sealed class BareHost : PSHost
{
    public int ExitCode { get; private set; }
    public override string Name => "Homing test host";
    public override Version Version => new(1, 0);
    public override Guid InstanceId { get; } = Guid.NewGuid();
    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;
    public override CultureInfo CurrentUICulture => CultureInfo.InvariantCulture;
    public override PSHostUserInterface? UI => null;
    public override void EnterNestedPrompt() => throw new NotSupportedException();
    public override void ExitNestedPrompt() => throw new NotSupportedException();
    public override void NotifyBeginApplication() { }
    public override void NotifyEndApplication() { }
    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;
}
