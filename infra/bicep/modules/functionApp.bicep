metadata description = 'The function app on a Flex Consumption plan. It signs in as its identity everywhere; no setting holds a secret of the stack.'

import { assignment, roleIds, roleNames } from 'roles.bicep'

@description('Azure region, one that has Flex Consumption.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the plan.')
@minLength(1)
@maxLength(60)
param planName string

@description('Name of the app, unique in all of Azure.')
@minLength(2)
@maxLength(60)
param name string

@description('Service of azure.yaml whose code the app runs.')
param serviceName string = 'functions'

@description('Resource ID of the identity that the app runs as.')
param identityId string

@description('Client ID of that identity.')
param clientId string

@description('Object ID of that identity.')
param principalId string

@description('Account of the host: its leases, orchestrations and packages.')
param opsAccountName string

@description('Container of the ops account that packages are deployed to.')
param packageContainer string

@description('Account of the videos, whose blobs trigger the app.')
param dataAccountName string

@description('Name of Application Insights.')
param appInsightsName string

@description('Resource ID of the Log Analytics workspace.')
param logAnalyticsId string

@description('Python of the app; 3.11 is what the app is tested on most.')
@allowed(['3.11', '3.12'])
param pythonVersion string = '3.11'

@description('Memory of an instance in MB; 4096 comes with two cores.')
@allowed([512, 2048, 4096])
param instanceMemory int = 4096

@description('Most instances; Flex Consumption allows no smaller limit than 40.')
@minValue(40)
@maxValue(1000)
param maximumInstances int = 40

@description('Instances of a function or a group of functions that are kept running, and paid for.')
type warmGroup = {
  @description('http, durable, blob, or function:NAME.')
  name: string

  @description('How many.')
  @minValue(1)
  instanceCount: int
}

@description('What is kept warm, such as [{name: \'blob\', instanceCount: 1}]; empty lets the app go to zero.')
param alwaysReady warmGroup[] = []

@description('Spread the instances over the zones of the region. The platform then keeps two of every group of functions running, and paid for.')
param zoneRedundant bool = false

@description('Settings of the app itself; those without a value are left out.')
@secure()
param settings object = {}

@description('Resource ID of the subnet that the app sends its calls through; empty for none.')
param subnetId string = ''

@description('Close the app to the internet; it is then reached by its private endpoint.')
param isPrivate bool = false

@description('Make the role assignment. Without it, it is only told.')
param assignRoles bool = true

var filled = toObject(filter(items(settings), setting => !empty(setting.value)), setting => setting.key, setting => setting.value)

resource ops 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: opsAccountName
}

resource data 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: dataAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: appInsightsName
}

var why = 'Telemetry is sent by the app\'s identity; Application Insights takes none by key.'

resource publish 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  name: guid(insights.id, principalId, roleIds.monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roleIds.monitoringMetricsPublisher
    )
    description: why
  }
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    // references to a key vault in `settings` are read as this identity
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    // Flex Consumption sends all outgoing calls through the subnet
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${ops.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: pythonVersion
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemory
        maximumInstanceCount: maximumInstances
        alwaysReady: alwaysReady
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
    }
  }
  dependsOn: [publish]

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(filled, {
      AzureWebJobsStorage__blobServiceUri: ops.properties.primaryEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: ops.properties.primaryEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: ops.properties.primaryEndpoints.table
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: clientId
      ReelbrushStorage__blobServiceUri: data.properties.primaryEndpoints.blob
      ReelbrushStorage__queueServiceUri: data.properties.primaryEndpoints.queue
      ReelbrushStorage__credential: 'managedidentity'
      ReelbrushStorage__clientId: clientId
      AZURE_CLIENT_ID: clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
      AzureWebJobsDisableHomepage: 'true'
    })
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: {
      allow: false
    }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: {
      allow: false
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: app
  properties: {
    workspaceId: logAnalyticsId
    logs: [
      { category: 'FunctionAppLogs', enabled: true }
    ]
    metrics: [
      { category: 'AllMetrics', enabled: true }
    ]
  }
}

@description('Resource ID of the app.')
output id string = app.id

@description('Name of the app.')
output name string = app.name

@description('Address of the app, without a slash at its end.')
output url string = 'https://${app.properties.defaultHostName}'

@description('Every assignment, made or not.')
output assignments assignment[] = [
  {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleId: roleIds.monitoringMetricsPublisher
    role: roleNames[roleIds.monitoringMetricsPublisher]
    scope: insights.id
    why: why
  }
]
