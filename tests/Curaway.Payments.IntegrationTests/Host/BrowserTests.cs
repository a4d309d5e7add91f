using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace Curaway.Payments.IntegrationTests.Host;

/// <summary>A person at the page: books, is declined, pays, starts and ends, and sees what happens. In a real Chromium.</summary>
public sealed class BrowserTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Chromium = "/usr/bin/chromium";

    /// <summary>No sandbox in a container as root; the rest keeps it from talking to anybody but the host.</summary>
    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-dev-shm-usage",
    ];

    /// <summary>What a screen reader would announce: nothing may be without a name, and no name may stand for two things.</summary>
    private const string Faults = """
        () => {
          const visible = node => node.getClientRects().length > 0;
          const nameOf = node => (node.getAttribute('aria-label')
            || (node.getAttribute('aria-labelledby') ?? '').split(' ').map(id => document.getElementById(id)?.textContent ?? '').join(' ').trim()
            || [...(node.labels ?? [])].map(label => label.textContent).join(' ').trim() || node.textContent.trim() || node.title || '').trim();
          const controls = [...document.querySelectorAll('a[href], button, input, select, textarea, dialog')].filter(visible);
          const unnamed = controls.filter(node => !nameOf(node)).map(node => 'no name: ' + node.outerHTML.slice(0, 120));
          const ids = [...document.querySelectorAll('[id]')].map(node => node.id);
          const doubled = ids.filter((id, at) => ids.indexOf(id) !== at).map(id => 'two of: #' + id);
          const images = [...document.images].filter(image => image.getAttribute('alt') === null).map(image => 'no alt: ' + image.src);
          const page = [];
          if (!document.documentElement.lang) page.push('no language');
          if (!document.title) page.push('no title');
          if (!document.querySelector('main')) page.push('no main');
          if (![...document.querySelectorAll('h1')].some(visible)) page.push('no heading');
          if (document.documentElement.scrollWidth > window.innerWidth) page.push('scrolls sideways');
          return [...unnamed, ...doubled, ...images, ...page];
        }
        """;

    [Fact]
    public Task A_patient_abroad_is_declined_pays_with_another_card_and_is_billed_after_the_session() => InBrowserAsync(async page =>
    {
        await BookAsync(page, "clinic-global", isSaving: true);
        await page.GetByLabel("Test card").SelectOptionAsync(new SelectOptionValue { Label = "Card that is declined" });
        await page.Locator("#pay").ClickAsync();
        await ExpectTextAsync(page.Locator("#status"), "Your card was declined.");
        await AssertInOrderAsync(page);
        Assert.Equal("awaiting_payment", await NewestStatusAsync("clinic-global"));

        await page.GetByLabel("Test card").SelectOptionAsync(new SelectOptionValue { Label = "Card that pays" });
        await page.Locator("#pay").ClickAsync();
        await ExpectTextAsync(page.Locator("#status"), "Paid. Your consultation is booked.");
        await AttendAsync(page, "$50.00");
        Assert.Equal(50_00, host.Stripe.Ledger.CapturedAmount());
        Assert.Equal(1, host.Stripe.Ledger.AuthorizationCount());

        await page.GetByRole(AriaRole.Button, new() { Name = "Receipt" }).ClickAsync();
        await ExpectTextAsync(page.GetByRole(AriaRole.Dialog), "50.00 USD");
        await AssertInOrderAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await page.Locator("#method").SelectOptionAsync(new SelectOptionValue { Label = "Visa •••• 4242" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Book and schedule" }).ClickAsync();
        await ExpectTextAsync(page.Locator("#toast"), "Scheduled. The amount is reserved.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove Visa •••• 4242" }).ClickAsync();
        await ExpectTextAsync(page.Locator("#toast"), "Visa •••• 4242 is removed.");
        await Assertions.Expect(page.Locator("#saved")).ToBeHiddenAsync();
        await AssertInOrderAsync(page);
        Assert.Equal((2, 50_00), (host.Stripe.Ledger.AuthorizationCount(), host.Stripe.Ledger.HeldAmount()));
    });

    [Fact]
    public Task A_patient_in_india_is_declined_pays_with_another_card_and_is_billed_after_the_session() => InBrowserAsync(async page =>
    {
        await BookAsync(page, "clinic-india");
        await page.Locator("#pay").ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Card that is declined").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { NameRegex = new("^Pay") }).ClickAsync();
        await ExpectTextAsync(dialog.GetByRole(AriaRole.Alert), "The payment was declined. Try again or use another method.");
        await AssertInOrderAsync(page);
        Assert.Equal("awaiting_payment", await NewestStatusAsync("clinic-india"));

        await dialog.GetByLabel("Card that pays").CheckAsync();
        await dialog.GetByRole(AriaRole.Button, new() { NameRegex = new("^Pay") }).ClickAsync();
        await ExpectTextAsync(page.Locator("#status"), "Paid. Your consultation is booked.");
        await AttendAsync(page, "₹500.00");
        Assert.Equal(500_00, host.Razorpay.Ledger.CapturedAmount());
        Assert.Equal(1, host.Razorpay.Ledger.AuthorizationCount());
    });

    /// <summary>From the first look at the page to the provider's element, ready to be paid.</summary>
    private async Task BookAsync(IPage page, string clinic, bool isSaving = false)
    {
        await page.GotoAsync(host.Address.ToString());
        await page.Locator("#tenant").SelectOptionAsync(clinic);
        await ExpectTextAsync(page.Locator("#list"), "No consultations yet. Book your first one.");
        await AssertInOrderAsync(page);
        await page.GetByLabel("Save this card for next time").SetCheckedAsync(isSaving);
        await page.GetByRole(AriaRole.Button, new() { Name = "Book and schedule" }).ClickAsync();
        await page.WaitForURLAsync("**/checkout/*");
        await Assertions.Expect(page.Locator("#pay")).ToBeEnabledAsync();
        await AssertInOrderAsync(page);
    }

    /// <summary>Back on the page: scheduled for the patient; the clinician starts and ends it; the patient reads that it is paid.</summary>
    private static async Task AttendAsync(IPage page, string amount)
    {
        var chip = page.Locator("#list .chip");
        await ExpectTextAsync(chip, "Scheduled");
        await ExpectTextAsync(page.Locator("#list .money"), amount);
        await ExpectTextAsync(page.Locator("#list .money"), "reserved");
        await AssertInOrderAsync(page);
        await page.Locator("label:has(input[value=clinician])").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Start session" }).ClickAsync();
        await ExpectTextAsync(chip, "In session");
        await AssertInOrderAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "End session" }).ClickAsync();
        await ExpectTextAsync(chip, "Ended");
        await page.Locator("label:has(input[value=patient])").ClickAsync();
        await ExpectTextAsync(page.Locator("#list .money"), "paid");
        await AssertInOrderAsync(page);
    }

    private static Task ExpectTextAsync(ILocator place, string text) => Assertions.Expect(place).ToContainTextAsync(text);

    private static async Task AssertInOrderAsync(IPage page)
    {
        Assert.Empty(await page.EvaluateAsync<string[]>(Faults));
        var isCheckout = page.Url.Contains("/checkout/", StringComparison.Ordinal);
        var shown = isCheckout ? await page.Locator("body").InnerTextAsync() : await page.ContentAsync();
        foreach (var name in new[] { "stripe", "razorpay" })
            Assert.DoesNotContain(name, shown, StringComparison.OrdinalIgnoreCase);
    }

    private async Task<string> NewestStatusAsync(string clinic) =>
        await host.TextAsync("SELECT status FROM consultations WHERE tenant_id = @id ORDER BY id DESC LIMIT 1", clinic) ?? "none";

    private static async Task InBrowserAsync(Func<IPage, Task> journey)
    {
        if (!File.Exists(Chromium))
        {
            if (Environment.GetEnvironmentVariable("CI") == "true")
                Assert.Fail($"{Chromium} is missing: CI installs Debian's chromium.");
            Assert.Skip($"{Chromium} is missing: install Debian's chromium to run this test.");
        }

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium, Args = Arguments });
        await using var context = await browser.NewContextAsync(new() { Locale = "en-US", ViewportSize = new() { Width = 1100, Height = 800 } });
        context.SetDefaultTimeout(15_000);
        Assertions.SetDefaultExpectTimeout(15_000);
        var page = await context.NewPageAsync();
        var complaints = new ConcurrentQueue<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Enqueue($"{message.Type}: {message.Text} {message.Location}");
        };
        page.PageError += (_, error) => complaints.Enqueue(error);
        page.RequestFailed += (_, request) =>
        {
            // Leaving a page ends what it was asking for.
            if (request.Failure != "net::ERR_ABORTED")
                complaints.Enqueue($"failed: {request.Url} {request.Failure}");
        };
        try
        {
            await journey(page);
            Assert.Empty(complaints);
        }
        catch
        {
            var picture = Path.Combine(Path.GetTempPath(), $"curaway-browser-{Guid.CreateVersion7():N}.png");
            await page.ScreenshotAsync(new() { Path = picture, FullPage = true });
            TestContext.Current.TestOutputHelper?.WriteLine($"The page as it stood: {picture}; it said: {string.Join(" | ", complaints)}");
            throw;
        }
    }
}
